"""Ordinary inputs for the layers of detection: pictures with boxes, and what heads say about anchors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

BATCH = 2
SIDE = 64


def picture() -> Tensor:
    return torch.randn(BATCH, 3, SIDE, SIDE)


def boxes(count: int, per_class: int = 0) -> Tensor:
    """Boxes (N, count, 4) within the picture, or (N, count, classes, 4); left, top, right, bottom."""
    shape = (BATCH, count, per_class, 2) if per_class else (BATCH, count, 2)
    corner = torch.rand(shape) * SIDE / 2
    return torch.cat([corner, corner + 4 + torch.rand(shape) * SIDE / 3], dim=-1)


def points(count: int) -> Tensor:
    """Places (N, count, 3): x, y and the distance to their neighbours."""
    return torch.cat([torch.rand(BATCH, count, 2) * SIDE, torch.full((BATCH, count, 1), 8.0)], dim=2)


def learned(*shape: int) -> Tensor:
    return torch.randn(BATCH, *shape, requires_grad=True)


def upsample_like() -> list[Tensor]:
    return [learned(4, 5, 5), torch.randn(BATCH, 2, 9, 12)]


SAMPLES: dict[str, Callable[[], Sequence[Tensor]]] = {
    "UpsampleLike": upsample_like,
    "Anchors": lambda: [picture(), torch.randn(BATCH, 8, 4, 4)],
    "DefaultBoxes": lambda: [picture(), torch.randn(BATCH, 8, 4, 4)],
    "GridPoints": lambda: [picture(), torch.randn(BATCH, 8, 4, 4)],
    "DecodeBoxes": lambda: [learned(20, 4), boxes(20)],
    "RegionProposals": lambda: [picture(), boxes(20), torch.randn(BATCH, 20, 1)],
    "RegionDetections": lambda: [picture(), boxes(20, 3).requires_grad_(), learned(20, 3)],
    "LevelDetections": lambda: [picture(), boxes(20).requires_grad_(), learned(20, 3)],
    "ClassDetections": lambda: [picture(), boxes(20).requires_grad_(), learned(20, 3)],
    "PointDetections": lambda: [picture(), points(20), learned(20, 7)],
    "GridDetections": lambda: [picture(), learned(4, 4, 13)],
    "RoIAlign": lambda: [picture(), boxes(6), learned(8, 16, 16)],
    "RoIPool": lambda: [picture(), boxes(6), learned(8, 16, 16)],
    "WarpRegions": lambda: [picture().requires_grad_(), boxes(6)],
    "SelectMasks": lambda: [learned(5, 3, 7, 7), torch.randint(-1, 3, (BATCH, 5))],
    "PasteMasks": lambda: [picture(), boxes(5), torch.rand(BATCH, 5, 7, 7).requires_grad_()],
    "HeatmapsToKeypoints": lambda: [boxes(5), learned(5, 4, 14, 14)],
}  # fmt: skip
"""By layer id; what a layer cannot learn from comes without a gradient."""
