"""Where a detector looks: anchors, default boxes and grid points for every place of a feature map."""

import math

import torch
from torch import nn


def counting(count: int, like: torch.Tensor) -> torch.Tensor:
    """0, 1, 2, ... as numbers of the kind that `like` holds."""
    return torch.arange(count, dtype=like.dtype, device=like.device)


def places(down: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """x and y of all places (h·w, 2) row by row, from the places down (h,) and to the right (w,)."""
    y, x = torch.meshgrid(down, right, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)


class Anchors(nn.Module):
    """Boxes of several sizes and shapes around every place of each level (Ren et al. 2015), as torchvision lays them.

    Args:
        sizes: for each level, the side lengths in pixels of the picture.
        aspect_ratios: height divided by width, the same for all levels.

    Shapes: the picture (N, C, H, W) and a feature map (N, ?, h, w) per level to (N, A, 4), left, top, right, bottom;
    within a level row by row, and at each place all ratios of the sizes.
    """

    def __init__(self, sizes: tuple[tuple[int, ...], ...], aspect_ratios: tuple[float, ...]) -> None:
        super().__init__()
        self.sizes = sizes
        self.aspect_ratios = aspect_ratios

    def forward(self, image: torch.Tensor, *features: torch.Tensor) -> torch.Tensor:
        levels = [self._level(image, part, sizes) for part, sizes in zip(features, self.sizes, strict=True)]
        return torch.cat(levels).expand(image.shape[0], -1, -1)

    def _level(self, image: torch.Tensor, features: torch.Tensor, sizes: tuple[int, ...]) -> torch.Tensor:
        height, width = features.shape[2:]
        tall = features.new_tensor(self.aspect_ratios).sqrt()
        side = features.new_tensor(sizes)
        widths, heights = ((1 / tall)[:, None] * side).flatten(), (tall[:, None] * side).flatten()
        around = (torch.stack([-widths, -heights, widths, heights], dim=1) / 2).round()  # (K, 4)
        down = counting(height, features) * (image.shape[2] // height)
        right = counting(width, features) * (image.shape[3] // width)
        corners = places(down, right).repeat(1, 2)  # (h·w, 4)
        return (corners[:, None] + around).flatten(0, 1)

    def extra_repr(self) -> str:
        return f"{self.sizes}, {self.aspect_ratios}"


class DefaultBoxes(nn.Module):
    """The default boxes of SSD (Liu et al. 2016), as torchvision lays them.

    Args:
        aspect_ratios: for each level, the ratios besides 1; each gives a wide and a tall box.
        scales: side length for each level and one beyond, as a share of the picture.
        steps: for each level, distance of neighbouring boxes in pixels; None divides the picture by the feature map.

    Shapes: the picture (N, C, H, W) and a feature map (N, ?, h, w) per level to (N, A, 4), left, top, right, bottom.
    """

    def __init__(
        self,
        aspect_ratios: tuple[tuple[float, ...], ...],
        scales: tuple[float, ...],
        steps: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.aspect_ratios = aspect_ratios
        self.scales = scales
        self.steps = steps

    def forward(self, image: torch.Tensor, *features: torch.Tensor) -> torch.Tensor:
        levels = [self._level(image, part, level) for level, part in enumerate(features)]
        boxes = torch.cat(levels)  # (A, 4) centre and size, as shares of the picture
        size = boxes.new_tensor([image.shape[3], image.shape[2]])
        centre, half = boxes[:, :2], 0.5 * boxes[:, 2:]
        corners = torch.cat([(centre - half) * size, (centre + half) * size], dim=1)
        return corners.expand(image.shape[0], -1, -1)

    def _level(self, image: torch.Tensor, features: torch.Tensor, level: int) -> torch.Tensor:
        height, width = features.shape[2:]
        rows: float = height
        columns: float = width
        if self.steps is not None:
            rows, columns = image.shape[2] / self.steps[level], image.shape[3] / self.steps[level]
        shapes = features.new_tensor(self._shapes(level)).clamp(0, 1)  # (K, 2)
        centres = places((counting(height, features) + 0.5) / rows, (counting(width, features) + 0.5) / columns)
        return torch.cat([centres.repeat_interleave(len(shapes), dim=0), shapes.repeat(height * width, 1)], dim=1)

    def _shapes(self, level: int) -> list[tuple[float, float]]:
        """(width, height) of the boxes at one place: two squares, then each ratio lying and standing."""
        scale = self.scales[level]
        larger = math.sqrt(scale * self.scales[level + 1])
        shapes = [(scale, scale), (larger, larger)]
        for ratio in self.aspect_ratios[level]:
            width, height = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            shapes += [(width, height), (height, width)]
        return shapes

    def extra_repr(self) -> str:
        return f"{self.aspect_ratios}, {self.scales}, steps={self.steps}"


class GridPoints(nn.Module):
    """The middle of every cell of each level, with the size of the cell: what an anchor-free detector measures from.

    Shapes: the picture (N, C, H, W) and a feature map (N, ?, h, w) per level to (N, A, 3): x, y and the stride, in
    pixels; within a level row by row.
    """

    def forward(self, image: torch.Tensor, *features: torch.Tensor) -> torch.Tensor:
        levels = [self._level(image, part) for part in features]
        return torch.cat(levels).expand(image.shape[0], -1, -1)

    def _level(self, image: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        height, width = features.shape[2:]
        down = (counting(height, features) + 0.5) * (image.shape[2] / height)
        right = (counting(width, features) + 0.5) * (image.shape[3] / width)
        centres = places(down, right)
        return torch.cat([centres, torch.full_like(centres[:, :1], image.shape[3] / width)], dim=1)


class AnchorRows(nn.Module):
    """What a head says about the anchors, one row for each: (N, K·columns, h, w) to (N, h·w·K, columns)."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        anchors = x.unflatten(1, (-1, self.columns))  # (N, K, columns, h, w)
        return anchors.permute(0, 3, 4, 1, 2).flatten(1, 3)

    def extra_repr(self) -> str:
        return f"{self.columns}"
