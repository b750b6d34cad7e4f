"""From the outputs of a detector to objects, alike for every family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.tasks.detection.boxes import cornered
from engine.tasks.detection.families import Family

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Outputs

GRID_SCORE, GRID_OVERLAP, GRID_ROWS = 0.05, 0.5, 50


def found_in(outputs: Outputs, family: Family, image: Tensor) -> dict[str, Tensor]:
    """What was found in pictures (N, C, H, W), surest first as the network sorts it.

    Returns:
        boxes (N, D, 4) in pixels of the network's input, scores (N, D) in 0..1, labels (N, D) int64 with classes from
        0 on and −1 in rows of padding; and masks (N, D, h, w) in 0..1 where the network has some: over its box, or
        over the picture where h and w are the picture's.
    """
    import torch

    boxes, scores, labels = _rows(outputs, family, image)
    scores = scores.float().clamp(0, 1)
    # A network that was handed wild numbers answers with some; nothing that has no place is an object.
    known = (labels >= family.first) & torch.isfinite(boxes).all(-1) & torch.isfinite(scores)
    found = {
        "boxes": torch.where(known[..., None], boxes.float(), 0.0),
        "scores": torch.where(known, scores, 0.0),
        "labels": torch.where(known, labels.long() - family.first, -1),
    }
    if "masks" in outputs:
        found["masks"] = outputs["masks"].float()
    return found


def _rows(outputs: Outputs, family: Family, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    height, width = image.shape[-2:]
    if family.kind == "queries":
        scores, labels = outputs["classes"].float().softmax(-1)[..., :-1].max(-1)
        return cornered(outputs["boxes"].float(), height, width), scores, labels
    if "boxes" not in outputs:
        from engine.modules.detection_suppression import GridDetections

        read = GridDetections(family.each, GRID_SCORE, GRID_OVERLAP, GRID_ROWS)
        boxes, scores, labels = read(image, outputs[family.grid].float())
        return boxes, scores, labels
    return outputs["boxes"], outputs["scores"], outputs["labels"]
