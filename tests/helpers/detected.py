"""Pictures' objects and heads' answers for tests of detectors, from a seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.tasks.detection.boxes import Truth

SIDE = 96


def objects(counts: list[int], classes: int = 3, seed: int = 0, side: int = SIDE) -> Truth:
    """The objects of pictures that have so many each."""
    random = torch.Generator().manual_seed(seed)
    most = max([1, *counts])
    corner = torch.rand(len(counts), most, 2, generator=random) * side * 0.6
    size = 8 + torch.rand(len(counts), most, 2, generator=random) * side * 0.3
    labels = torch.randint(0, classes, (len(counts), most), generator=random)
    real = torch.arange(most) < torch.tensor(counts)[:, None]
    boxes = torch.cat([corner, corner + size], dim=2) * real[..., None]
    return Truth(boxes, labels.masked_fill(~real, -1), side, side, np.arange(len(counts), dtype=np.uint64))


def anchors(pictures: int, seed: int = 1, side: int = SIDE) -> Tensor:
    """Boxes of three shapes on a grid, the same for every picture: (N, A, 4)."""
    line = torch.arange(6, side, 12).float()
    y, x = torch.meshgrid(line, line, indexing="ij")
    centre = torch.stack([x, y], dim=2).reshape(-1, 1, 2)
    half = torch.tensor([[8.0, 8.0], [16.0, 10.0], [20.0, 24.0]])[None]
    boxes = torch.cat([centre - half, centre + half], dim=2).reshape(-1, 4)
    return boxes + torch.rand(boxes.shape, generator=torch.Generator().manual_seed(seed)).expand(pictures, -1, -1)


def rows(truth: Truth, first: int = 0) -> list[dict[str, Tensor]]:
    """The same as torchvision's detectors take it, the first class as the number `first`."""
    return [
        {"boxes": boxes[labels >= 0], "labels": labels[labels >= 0] + first}
        for boxes, labels in zip(truth.boxes, truth.labels, strict=True)
    ]
