"""Anchor-free heads: at every point four distances and a logit per class, such as the small YOLO's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import Truth, overlaps, rows_of

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

SCORE_POWER = 0.5
OVERLAP_POWER = 6.0
CANDIDATES = 10
BOX_WEIGHT = 2.5
LARGEST_STEP = 4.135  # ln(1000 / 16), as `PointDetections` reads distances


def boxes_of(raw: Tensor, points: Tensor) -> Tensor:
    """The box that every point speaks of: raw (N, A, 4 + K) and points (N, A, 3) to corners (N, A, 4)."""
    import torch

    place, stride = points[..., :2], points[..., 2:]
    far = stride * raw[..., :4].clamp(max=LARGEST_STEP).exp()
    return torch.cat([place - far[..., :2], place + far[..., 2:]], dim=-1)


def candidates(points: Tensor, truth: Truth) -> Tensor:
    """Which points may answer for which object: bool (N, M, A).

    Those inside of its box, and on every level the cell in which its middle lies, so that none is too small for all.
    """
    import torch

    x, y, stride = (points[:, None, :, i] for i in range(3))  # (N, 1, A)
    left, top, right, bottom = (truth.boxes[..., i, None] for i in range(4))  # (N, M, 1)
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    across, down = (left + right) / 2 - x, (top + bottom) / 2 - y
    middle = torch.maximum(across.abs(), down.abs()) <= stride / 2
    return (inside | middle) & truth.valid[..., None]


def assign(scores: Tensor, boxes: Tensor, points: Tensor, truth: Truth) -> tuple[Tensor, Tensor]:
    """Which object every point answers for, and how well it does (Feng et al., TOOD, ICCV 2021).

    An object goes to the points whose score and box together fit it best: tᵅ = score^0.5 · overlap^6. A point wanted by
    several objects takes the one that its box overlaps most.

    Args:
        scores: (N, A, K) probabilities. boxes: (N, A, 4). points: (N, A, 3).

    Returns:
        index (N, A), the row of the object, and quality (N, A): 0 for points without an object; the best point of an
        object has the largest overlap among its points, the others less in proportion to t.
    """
    fit = overlaps(truth.boxes, boxes) * candidates(points, truth)  # (N, M, A)
    wanted = truth.labels.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1])
    said = scores.transpose(1, 2).gather(1, wanted)  # (N, M, A)
    together = said.pow(SCORE_POWER) * fit.pow(OVERLAP_POWER)
    best, place = together.topk(min(CANDIDATES, together.shape[2]), dim=2)
    chosen = fit.new_zeros(fit.shape).scatter(2, place, (best > 0).to(fit.dtype))
    overlap, index = (fit * chosen).max(1)  # (N, A)
    taken = overlap > 0
    mine = fit.new_zeros(fit.shape).scatter(1, index[:, None], taken[:, None].to(fit.dtype))
    together, fit = together * mine, fit * mine
    share = together / together.amax(2, keepdim=True).clamp(min=1e-12)
    quality = (share * fit.amax(2, keepdim=True)).sum(1)
    return index, quality


def point_losses(outputs: Outputs, truth: Truth) -> Mapping[str, Tensor]:
    """Binary cross-entropy of the class scores against the quality of each point, and complete IoU of the boxes.

    Both are weighted by the quality and divided by its sum over the batch. The boxes' loss is 1 − IoU + the squared
    distance of the middles over the diagonal of the hull + the difference of the shapes (Zheng et al. 2020).
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits
    from torchvision.ops import complete_box_iou_loss

    raw, points = outputs["raw"].float(), outputs["points"].float()
    logits, boxes = raw[..., 4:], boxes_of(raw, points)
    with torch.no_grad():
        if truth.boxes.shape[1]:
            index, quality = assign(logits.sigmoid(), boxes, points, truth)
        else:
            index, quality = raw.new_zeros(raw.shape[:2], dtype=torch.int64), raw.new_zeros(raw.shape[:2])
        aim = torch.zeros_like(logits)
        found = quality > 0
        if truth.boxes.shape[1]:
            labels = rows_of(truth.labels, index).clamp(min=0)
            aim.scatter_(2, labels[..., None], quality[..., None])
        total = quality.sum().clamp(min=1.0)
    classes = binary_cross_entropy_with_logits(logits, aim, reduction="sum") / total
    where = torch.where(found)
    goal = truth.boxes[where[0], index[where]]
    apart = complete_box_iou_loss(boxes[where], goal, reduction="none")
    return {"classes": classes, "boxes": BOX_WEIGHT * (apart * quality[where]).sum() / total}
