"""Masks and keypoints of detected objects, in the picture. Imports torchvision's own mapping from box to picture."""

import torch
from torch import nn
from torchvision.models.detection.roi_heads import heatmaps_to_keypoints, paste_masks_in_image


class SelectMasks(nn.Module):
    """Of one mask per class the one of the class that was found, as probabilities (He et al. 2017).

    Shapes: logits (N, D, K, h, w) and labels (N, D) to (N, D, h, w); zeros where the label is −1.
    """

    def forward(self, masks: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        labels = labels.long()
        index = labels.clamp(min=0)[:, :, None, None, None].expand(-1, -1, 1, *masks.shape[3:])
        chosen = masks.gather(2, index).squeeze(2).sigmoid()
        return chosen * (labels >= 0)[:, :, None, None]


class PasteMasks(nn.Module):
    """Masks stretched to their boxes and put at their place in the picture.

    Shapes: picture (N, C, H, W), boxes (N, D, 4) and masks (N, D, h, w) to (N, D, H, W); zeros for boxes without area.
    """

    def forward(self, image: torch.Tensor, boxes: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        size = (image.shape[2], image.shape[3])
        if image.device.type == "meta":
            return masks.new_empty(*masks.shape[:2], *size)
        result = masks.new_zeros(*masks.shape[:2], *size)
        places = torch.where((boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1]))
        pasted = paste_masks_in_image(masks[places][:, None], boxes[places].detach(), size)
        return result.index_put(places, pasted[:, 0])


class HeatmapsToKeypoints(nn.Module):
    """The peak of every heatmap as a point of the picture (torchvision's Keypoint R-CNN).

    Shapes: boxes (N, D, 4) and heatmaps (N, D, K, h, w) to points (N, D, K, 3) as x, y, 1, and the heights of the
    peaks (N, D, K); zeros for boxes without area.
    """

    def forward(self, boxes: torch.Tensor, heatmaps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        shape = heatmaps.shape[:3]
        if heatmaps.device.type == "meta":
            return heatmaps.new_empty(*shape, 3), heatmaps.new_empty(*shape)
        places = torch.where((boxes[..., 2] > boxes[..., 0]) & (boxes[..., 3] > boxes[..., 1]))
        points, peaks = heatmaps_to_keypoints(heatmaps[places], boxes[places].detach())
        # Adding nothing of the heatmaps keeps them in the graph when no box has area.
        still = 0 * heatmaps.sum()
        scores = heatmaps.new_zeros(shape).index_put(places, peaks.to(heatmaps.dtype)) + still
        return heatmaps.new_zeros(*shape, 3).index_put(places, points.to(heatmaps.dtype)), scores
