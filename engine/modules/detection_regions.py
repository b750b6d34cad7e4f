"""Looking at regions: the part of a picture or a feature map inside each box, at one size. Imports torchvision.ops."""

import math

import torch
from torch import nn
from torchvision.ops import roi_align, roi_pool


def numbered(boxes: torch.Tensor) -> torch.Tensor:
    """Boxes (N, P, 4) as rows (N·P, 5) that begin with the number of their picture."""
    numbers = torch.arange(boxes.shape[0], dtype=boxes.dtype, device=boxes.device)
    return torch.cat([numbers.repeat_interleave(boxes.shape[1])[:, None], boxes.flatten(0, 1)], dim=1)


def scale_of(image: torch.Tensor, features: torch.Tensor) -> float:
    """Size of the feature map as a share of the picture, rounded to a power of two."""
    return float(2.0 ** round(math.log2(features.shape[2] / image.shape[2])))


class RoIAlign(nn.Module):
    """Features of every region, sampled between the cells (He et al. 2017); small regions on the finer levels.

    With several levels a region of side s is read from level ⌊4 + log₂(s/224)⌋ (Lin et al. 2017), as torchvision's
    `MultiScaleRoIAlign` does.

    Shapes: picture (N, C, H, W), boxes (N, P, 4) and a feature map (N, D, h, w) per level to (N, P, D, size, size).
    """

    def __init__(self, output_size: int = 7, sampling_ratio: int = 2) -> None:
        super().__init__()
        self.output_size = output_size
        self.sampling_ratio = sampling_ratio

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, *features: torch.Tensor) -> torch.Tensor:
        size, channels = (self.output_size, self.output_size), features[0].shape[1]
        if image.device.type == "meta":
            return features[0].new_empty(*boxes.shape[:2], channels, *size)
        regions = numbered(boxes).to(features[0].dtype)
        scales = [scale_of(image, level) for level in features]
        if len(features) == 1:
            cut = roi_align(features[0], regions, size, scales[0], self.sampling_ratio)
            return cut.unflatten(0, boxes.shape[:2])
        levels = self._levels(boxes.flatten(0, 1), scales)
        result = features[0].new_zeros(len(regions), channels, *size)
        for number, (level, scale) in enumerate(zip(features, scales, strict=True)):
            here = torch.where(levels == number)[0]
            cut = roi_align(level, regions[here], size, scale, self.sampling_ratio)
            result = result.index_put((here,), cut.to(result.dtype))
        return result.unflatten(0, boxes.shape[:2])

    @staticmethod
    def _levels(boxes: torch.Tensor, scales: list[float]) -> torch.Tensor:
        """The level for each box, counted from 0: the finest."""
        first, last = -math.log2(scales[0]), -math.log2(scales[-1])
        side = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()
        level = torch.floor(4 + torch.log2(side / 224) + 1e-6)
        return (level.clamp(first, last) - first).long()

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, sampling_ratio={self.sampling_ratio}"


class RoIPool(nn.Module):
    """The maximum of the features in each part of every region (Girshick 2015).

    Shapes: picture (N, C, H, W), boxes (N, P, 4), feature map (N, D, h, w) to (N, P, D, size, size).
    """

    def __init__(self, output_size: int = 7) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        size = (self.output_size, self.output_size)
        if image.device.type == "meta":
            return features.new_empty(*boxes.shape[:2], features.shape[1], *size)
        cut = roi_pool(features, numbered(boxes).to(features.dtype), size, scale_of(image, features))
        return cut.unflatten(0, boxes.shape[:2])

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class WarpRegions(nn.Module):
    """Every region of the picture stretched to one size, with some context around it (Girshick et al. 2014).

    Args:
        size: height and width of the result.
        context: pixels of the result on each side that show what lies around the box. What lies outside of the picture
            is zero, the mean colour of a normalised picture.

    Shapes: picture (N, C, H, W) and boxes (N, P, 4) to (N, P, C, size, size).
    """

    def __init__(self, size: int = 227, context: int = 16) -> None:
        super().__init__()
        self.size = size
        self.context = context

    def forward(self, image: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        size = (self.size, self.size)
        if image.device.type == "meta":
            return image.new_empty(*boxes.shape[:2], image.shape[1], *size)
        corner, opposite = boxes[..., :2], boxes[..., 2:]
        margin = (opposite - corner) * (self.context / (self.size - 2 * self.context))
        wider = torch.cat([corner - margin, opposite + margin], dim=-1)
        # One sample in the middle of each cell is bilinear resizing.
        cut = roi_align(image, numbered(wider).to(image.dtype), size, 1.0, 1, aligned=True)
        return cut.unflatten(0, boxes.shape[:2])

    def extra_repr(self) -> str:
        return f"size={self.size}, context={self.context}"
