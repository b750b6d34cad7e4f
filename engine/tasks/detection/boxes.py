"""Arithmetic of boxes for many pictures at once. Never imports torch when it is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.tasks.batch import Batch

Weights = tuple[float, float, float, float]
"""What dx, dy, dw and dh are multiplied by, so that their targets are about as large as 1."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The objects of a batch of N pictures, in pixels of the network's input.

    Attributes:
        boxes: float32, (N, M, 4), x1 y1 x2 y2; rows of padding are 0.
        labels: int64, (N, M), classes from 0; −1 in rows of padding.
        height, width: of the pictures.
        keys: uint64, (N,), on the CPU: what random draws of each picture start from.
        instances: uint8, (N, H, W), i + 1 where object i is seen; None where nobody knows.
    """

    boxes: Tensor
    labels: Tensor
    height: int
    width: int
    keys: np.ndarray
    instances: Tensor | None = None

    @property
    def valid(self) -> Tensor:
        """bool, (N, M): which rows are objects."""
        return self.labels >= 0

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def device(self) -> torch.device:
        return self.boxes.device


def truth_of(batch: Batch) -> Truth:
    """The objects of a batch; draws depend on the run's seed, the epoch and each sample's place in the dataset."""
    from engine.datasets.draws import sample_keys

    height, width = batch.inputs[0].shape[-2:]
    indices = batch.indices if len(batch.indices) == len(batch) else np.arange(len(batch))
    return Truth(
        boxes=batch.targets["boxes"].float(),
        labels=batch.targets["box_labels"].long(),
        height=int(height),
        width=int(width),
        keys=sample_keys(batch.seed, batch.epoch, np.asarray(indices)),
        instances=batch.targets.get("instances"),
    )


def areas(boxes: Tensor) -> Tensor:
    """(..., 4) to (...); boxes turned inside out have none."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def overlaps(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of every pair: (..., M, 4) and (..., A, 4) to (..., M, A); 0 where both have no area."""
    import torch

    corner = torch.maximum(first[..., :, None, :2], second[..., None, :, :2])
    opposite = torch.minimum(first[..., :, None, 2:], second[..., None, :, 2:])
    common = (opposite - corner).clamp(min=0).prod(-1)
    union = areas(first)[..., :, None] + areas(second)[..., None, :] - common
    return common / union.clamp(min=1e-9)


def encode(boxes: Tensor, anchors: Tensor, weights: Weights) -> Tensor:
    """What moves anchors onto boxes, the inverse of `DecodeBoxes` (Girshick et al. 2014); (..., 4) each.

    dx = wx·(x − xₐ)/wₐ, dy likewise, dw = ww·ln(w/wₐ), dh likewise, for centres and sizes.
    """
    import torch

    size, start = boxes[..., 2:] - boxes[..., :2], anchors[..., 2:] - anchors[..., :2]
    middle, origin = boxes[..., :2] + size / 2, anchors[..., :2] + start / 2
    start = start.clamp(min=1e-6)
    moves = (middle - origin) / start
    growth = (size.clamp(min=1e-6) / start).log()
    return torch.cat([moves, growth], dim=-1) * boxes.new_tensor(weights)


def centred(boxes: Tensor, height: float, width: float) -> Tensor:
    """Corners in pixels to centre, width and height as shares of the picture; (..., 4)."""
    import torch

    scale = boxes.new_tensor([width, height])
    size = (boxes[..., 2:] - boxes[..., :2]) / scale
    return torch.cat([boxes[..., :2] / scale + size / 2, size], dim=-1)


def cornered(boxes: Tensor, height: float, width: float) -> Tensor:
    """The way back from `centred`: to corners in pixels; (..., 4)."""
    import torch

    half = boxes[..., 2:] / 2
    scale = boxes.new_tensor([width, height, width, height])
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], dim=-1) * scale


def rows_of(values: Tensor, index: Tensor) -> Tensor:
    """Of each picture the rows that it names: (N, M, ...) and (N, A) to (N, A, ...)."""
    spread = index.reshape(*index.shape, *([1] * (values.ndim - 2))).expand(*index.shape, *values.shape[2:])
    return values.gather(1, spread)
