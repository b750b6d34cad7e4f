"""Heads in two stages, Faster and Mask R-CNN: proposals from anchors, then a class and a box for every proposal.

In training the drawing takes the true boxes in as a second input (`engine.tasks.detection.drawing`): they join the
proposals, and the mask head looks at them. Measured as it is used, the network has its own proposals only, and its mask
head looks at what was found; the same losses are computed on those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import Truth, Weights, areas, encode
from engine.tasks.detection.matching import NOTHING, boxes_for, draw, labels_for, match

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

FIRST_WEIGHTS: Weights = (1.0, 1.0, 1.0, 1.0)
SECOND_WEIGHTS: Weights = (10.0, 10.0, 5.0, 5.0)
BETA = 1 / 9
"""Where the smooth L1 loss turns from a parabola to a line."""
ANCHORS, ANCHOR_SHARE = 256, 0.5
REGIONS, REGION_SHARE = 512, 0.25


def region_losses(outputs: Outputs, truth: Truth, handed: Tensor | None = None) -> Mapping[str, Tensor]:
    """The losses of both stages (Ren et al. 2015), and of the masks where both sides have some (He et al. 2017).

    Args:
        handed: the boxes (N, D, 4) that the mask head has looked at; None for those that were found.
    """
    losses = {**_first_stage(outputs, truth), **_second_stage(outputs, truth)}
    if "mask_logits" in outputs and truth.instances is not None:
        regions = outputs["boxes"] if handed is None else handed
        losses["masks"] = _masks(outputs["mask_logits"].float(), regions.detach().float(), truth, truth.instances)
    return losses


def _first_stage(outputs: Outputs, truth: Truth) -> dict[str, Tensor]:
    """Is there anything at an anchor, and how to move it: 256 anchors of each picture, at most half of them positive.

    An anchor answers for an object from an overlap of 0.7 on, and where it is the best for one; below 0.3 it is empty.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

    logits, anchors = outputs["objectness"].float().squeeze(2), outputs["anchors"].float()
    matched = match(anchors, truth, 0.7, 0.3, "ties")
    positive, negative = draw(matched >= 0, matched == NOTHING, truth, ANCHORS, ANCHOR_SHARE, slot=0)
    both = positive | negative
    count = both.sum().clamp(min=1)
    wrong = binary_cross_entropy_with_logits(logits[both], positive[both].to(logits.dtype), reduction="sum")
    goal = encode(boxes_for(matched, truth), anchors, FIRST_WEIGHTS)[positive]
    moved = smooth_l1_loss(outputs["anchor_deltas"].float()[positive], goal, beta=BETA, reduction="sum")
    return {"objectness": wrong / count, "proposals": moved / count}


def _second_stage(outputs: Outputs, truth: Truth) -> dict[str, Tensor]:
    """The class of a region and its box: 512 regions of each picture, at most a quarter of them on objects.

    A region is on an object from an overlap of 0.5 on. The class 0 is the background; rows of padding do not count.
    """
    from torch.nn.functional import cross_entropy, smooth_l1_loss

    logits, regions = outputs["class_logits"].float(), outputs["proposals"].detach().float()
    matched = match(regions, truth, 0.5, 0.5, "none")
    real = areas(regions) > 0
    positive, negative = draw((matched >= 0) & real, (matched == NOTHING) & real, truth, REGIONS, REGION_SHARE, slot=1)
    both = positive | negative
    count = both.sum().clamp(min=1)
    labels = labels_for(matched, truth)
    wrong = cross_entropy(logits[both], labels[both], reduction="sum")
    shifts = outputs["box_deltas"].float().unflatten(2, (-1, 4))[positive]  # (P, K + 1, 4)
    own = shifts.gather(1, labels[positive][:, None, None].expand(-1, 1, 4)).squeeze(1)
    goal = encode(boxes_for(matched, truth), regions, SECOND_WEIGHTS)[positive]
    moved = smooth_l1_loss(own, goal, beta=BETA, reduction="sum")
    return {"classes": wrong / count, "boxes": moved / count}


def _masks(logits: Tensor, regions: Tensor, truth: Truth, instances: Tensor) -> Tensor:
    """Binary cross-entropy of the mask of the true class, on the regions that lie on an object by at least 0.5.

    The aim is the object's mask, cut out by the region and brought to the size of the head's (`RoIAlign`). Objects of
    which no pixel is seen, or whose outline nobody knows, do not count.

    Args:
        logits: (N, D, K + 1, h, w). regions: (N, D, 4). instances: (N, H, W), i + 1 where object i is seen.
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits
    from torchvision.ops import roi_align

    matched = match(regions, truth, 0.5, 0.5, "none")
    picture, row = torch.where((matched >= 0) & (areas(regions) > 0))
    item = matched[picture, row]
    shown = (instances[picture] == (item + 1)[:, None, None]).to(logits.dtype)[:, None]  # (R, 1, H, W)
    seen = torch.where(shown.flatten(1).any(1))[0]
    if not len(seen):
        return logits.sum() * 0
    picture, row, item = picture[seen], row[seen], item[seen]
    number = torch.arange(len(seen), device=logits.device, dtype=logits.dtype)
    places = torch.cat([number[:, None], regions[picture, row]], dim=1)
    aim = roi_align(shown[seen], places, (logits.shape[3], logits.shape[4]), 1.0)[:, 0]
    return binary_cross_entropy_with_logits(logits[picture, row, truth.labels[picture, item] + 1], aim)
