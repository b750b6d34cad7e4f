"""Single-stage heads on anchors: SSD with a background class, and RetinaNet with a yes or no for every class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import Truth, Weights, encode
from engine.tasks.detection.matching import UNDECIDED, boxes_for, labels_for, match

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

SSD_WEIGHTS: Weights = (10.0, 10.0, 5.0, 5.0)
RETINA_WEIGHTS: Weights = (1.0, 1.0, 1.0, 1.0)
NEGATIVES = 3
ALPHA, GAMMA = 0.25, 2.0


def ssd_losses(outputs: Outputs, truth: Truth) -> Mapping[str, Tensor]:
    """Softmax over the classes and the background, and smooth L1 of the shifts (Liu et al. 2016).

    A default box answers for an object that it overlaps by at least 0.5, and for each object the best one does. Of the
    others only the three times as many that are most wrongly taken for something count (hard negative mining). Both
    terms are sums over the batch, divided by the number of boxes that answer for something.
    """
    from torch.nn.functional import cross_entropy, smooth_l1_loss

    logits, anchors = outputs["class_logits"].float(), outputs["anchors"].float()
    matched = match(anchors, truth, 0.5, 0.5, "best")
    aim, positive = labels_for(matched, truth), matched >= 0
    count = positive.sum().clamp(min=1)
    wrong = cross_entropy(logits.flatten(0, 1), aim.flatten(), reduction="none").view_as(aim)
    hardness = wrong.detach().masked_fill(positive, -float("inf"))
    place = hardness.argsort(1, descending=True).argsort(1)
    hard = (place < NEGATIVES * positive.sum(1, keepdim=True)) & ~positive
    goal = encode(boxes_for(matched, truth), anchors, SSD_WEIGHTS)[positive]
    moved = smooth_l1_loss(outputs["anchor_deltas"].float()[positive], goal, reduction="sum")
    return {"classes": wrong[positive | hard].sum() / count, "boxes": moved / count}


def retina_losses(outputs: Outputs, truth: Truth) -> Mapping[str, Tensor]:
    """Focal loss of every class of every anchor, and L1 of the shifts (Lin et al., ICCV 2017).

    −α (1 − p)^γ ln p with α = 0.25 and γ = 2, so that the many anchors that are easily said to be empty hardly count.
    An anchor answers for an object from an overlap of 0.5 on and is empty below 0.4; in between it does not count. The
    sums of a picture are divided by the number of its anchors that answer for something.
    """
    import torch
    from torch.nn.functional import one_hot
    from torchvision.ops import sigmoid_focal_loss

    logits, anchors = outputs["class_logits"].float(), outputs["anchors"].float()
    matched = match(anchors, truth, 0.5, 0.4, "ties")
    positive = matched >= 0
    count = positive.sum(1).clamp(min=1)  # (N,)
    aim = one_hot(labels_for(matched, truth), logits.shape[2] + 1)[..., 1:].to(logits.dtype)
    focal = sigmoid_focal_loss(logits, aim, ALPHA, GAMMA).sum(2) * (matched != UNDECIDED)
    goal = encode(boxes_for(matched, truth), anchors, RETINA_WEIGHTS)
    apart = (outputs["anchor_deltas"].float() - goal).abs().sum(2)
    apart = torch.where(positive, apart, torch.zeros_like(apart))  # elsewhere the goal may be anything
    return {"classes": (focal.sum(1) / count).mean(), "boxes": (apart.sum(1) / count).mean()}
