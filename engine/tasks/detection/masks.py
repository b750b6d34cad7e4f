"""Masks of objects at their place in the picture. Never imports torch when it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def pasted(masks: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """Masks as bool (D, height, width), from the probability 0.5 on (He et al. 2017).

    Args:
        masks: (D, h, w) in 0..1, over their boxes; or already over the picture where h and w are its height and width.
        boxes: (D, 4) in pixels of the picture.
    """
    from torchvision.models.detection.roi_heads import paste_masks_in_image

    if masks.shape[-2:] == (height, width):
        return masks >= 0.5
    whole = masks.new_zeros(len(masks), height, width)
    large = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)
    if bool(large.any()):
        whole[large] = paste_masks_in_image(masks[large][:, None], boxes[large], (height, width))[:, 0]
    return whole >= 0.5


def shown(instances: Tensor, count: int) -> Tensor:
    """Which pixels each of `count` objects is seen at: an instance map (H, W) to bool (count, H, W)."""
    import torch

    numbers = torch.arange(1, count + 1, device=instances.device, dtype=torch.int64)
    return instances.long()[None] == numbers[:, None, None]
