"""DETR: a set of answers, paired one to one with the set of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import Truth, centred, cornered, overlaps

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

EMPTY_WEIGHT = 0.1
PLACE_WEIGHT = 5.0
OVERLAP_WEIGHT = 2.0


def pair(logits: Tensor, boxes: Tensor, goal: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The cheapest pairing of one picture's answers and objects (Kuhn 1955): places of both, (m,) each.

    The cost of a pair is −p(class) + 5·L1 − 2·GIoU (Carion et al. 2020).

    Args:
        logits: (Q, K + 1). boxes: (Q, 4), centre and size as shares. goal: (m, 4), likewise. labels: (m,).
    """
    import torch
    from scipy.optimize import linear_sum_assignment

    with torch.no_grad():
        apart = torch.cdist(boxes, goal, p=1)
        cost = PLACE_WEIGHT * apart - logits.softmax(-1)[:, labels] - OVERLAP_WEIGHT * _generalised(boxes, goal)
        rows, columns = linear_sum_assignment(cost.nan_to_num(nan=1e6, posinf=1e6, neginf=-1e6).cpu().double().numpy())
    return torch.as_tensor(rows, device=boxes.device), torch.as_tensor(columns, device=boxes.device)


def _generalised(boxes: Tensor, goal: Tensor) -> Tensor:
    """Generalised intersection over union of every pair (Rezatofighi et al. 2019): (Q, 4) and (m, 4) to (Q, m)."""
    import torch

    first, second = cornered(boxes, 1, 1), cornered(goal, 1, 1)
    corner = torch.minimum(first[:, None, :2], second[None, :, :2])
    opposite = torch.maximum(first[:, None, 2:], second[None, :, 2:])
    hull = (opposite - corner).prod(-1)
    fit = overlaps(first, second)
    size, aim = boxes[:, 2:].prod(-1)[:, None], goal[:, 2:].prod(-1)[None]
    union = (size + aim) / (1 + fit)
    return fit - (hull - union) / hull.clamp(min=1e-9)


def query_losses(outputs: Outputs, truth: Truth) -> Mapping[str, Tensor]:
    """Cross-entropy with "no object" at a tenth of the weight, and L1 and generalised IoU of the paired boxes.

    The boxes' terms are sums over the batch, divided by its number of objects.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from torchvision.ops import generalized_box_iou_loss

    logits, boxes = outputs["classes"].float(), outputs["boxes"].float()
    nothing = logits.shape[2] - 1
    goal = centred(truth.boxes, truth.height, truth.width)
    aim = torch.full(logits.shape[:2], nothing, device=logits.device)
    said, wanted = [], []
    for number, valid in enumerate(truth.valid):
        place = torch.where(valid)[0]
        if not len(place):
            continue
        rows, columns = pair(logits[number], boxes[number], goal[number, place], truth.labels[number, place])
        aim[number, rows] = truth.labels[number, place[columns]]
        said.append(boxes[number, rows])
        wanted.append(goal[number, place[columns]])
    weight = torch.ones(nothing + 1, device=logits.device)
    weight[nothing] = EMPTY_WEIGHT
    losses = {"classes": cross_entropy(logits.flatten(0, 1), aim.flatten(), weight)}
    first = torch.cat(said) if said else boxes[:0].reshape(0, 4)
    second = torch.cat(wanted) if wanted else boxes[:0].reshape(0, 4)
    count = max(1, len(second))
    apart = generalized_box_iou_loss(cornered(first, 1, 1), cornered(second, 1, 1), reduction="sum")
    losses["boxes"] = PLACE_WEIGHT * (first - second).abs().sum() / count
    losses["overlaps"] = OVERLAP_WEIGHT * apart / count
    return losses
