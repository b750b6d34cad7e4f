"""Which pixels of a picture to train at: a few thousand, so chosen that every class has its share."""

from __future__ import annotations

import torch
from torch import Tensor


def stratified_pixels(labels: Tensor, count: int, generator: torch.Generator, ignore: int | None = None) -> Tensor:
    """Positions (N, count, 2) as (x, y) in pixels, drawn from class maps (N, H, W).

    Every class that a picture shows gets an equal share as far as it has pixels; the rest is drawn from all the
    others. No pixel comes twice as long as there are enough, and those labelled `ignore` never come unless a picture
    has no others. The same generator state gives the same pixels.
    """
    width = labels.shape[2]
    places = torch.stack([_one(row, count, generator, ignore) for row in labels.flatten(1).cpu()])
    return torch.stack([places % width, places // width], -1).to(labels.device)


def _one(labels: Tensor, count: int, generator: torch.Generator, ignore: int | None) -> Tensor:
    """`count` indices into the labels of one picture, (H·W) in and (count) out."""
    order = torch.randperm(len(labels), generator=generator)
    if ignore is not None and (labels != ignore).any():
        order = order[labels[order] != ignore]
    classes = labels[order].unique()
    share = count // len(classes)
    chosen = torch.cat([order[labels[order] == one][:share] for one in classes])
    rest = order[~torch.isin(order, chosen)][: count - len(chosen)]
    chosen = torch.cat([chosen, rest])
    while len(chosen) < count:
        chosen = torch.cat([chosen, chosen[: count - len(chosen)]])
    return chosen
