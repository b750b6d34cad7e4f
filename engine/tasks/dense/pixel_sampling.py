"""Which pixels of a picture to train at: a few thousand, so chosen that every class has its share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datasets.annotation import IGNORE

if TYPE_CHECKING:
    from torch import Tensor

    from engine.datasets.draws import Draws


def stratified_pixels(labels: Tensor, count: int, draws: Draws, ignore: int | None = IGNORE) -> Tensor:
    """Positions, int64 (N, count, 2), as (x, y) in pixels, drawn from class maps (N, H, W) on their device.

    Every class that a picture shows gets an equal share as far as it has pixels; the rest is drawn from all the
    others (Bansal et al. 2017). No pixel comes twice as long as there are enough, and those labelled `ignore` never
    come unless a picture has no others. The same draws give the same pixels.
    """
    import torch

    width = labels.shape[2]
    flat = labels.flatten(1).long()  # (N, H·W)
    unlabelled = torch.zeros_like(flat, dtype=torch.bool) if ignore is None else flat == ignore
    unlabelled &= ~unlabelled.all(1, keepdim=True)
    # In a random order, and in that order by class: the place behind the first of its class is a pixel's rank in it.
    shuffled = draws.words(flat.shape[1], labels.device).argsort(dim=1, stable=True)
    classes = flat.gather(1, shuffled)
    by_class = classes.argsort(dim=1, stable=True)
    ordered = classes.gather(1, by_class)
    first = torch.searchsorted(ordered, ordered)
    rank = torch.empty_like(first).scatter_(1, by_class, torch.arange(flat.shape[1], device=flat.device) - first)
    labelled = ~unlabelled.gather(1, shuffled)
    shares = ((rank == 0) & labelled).sum(1, keepdim=True).clamp(min=1)
    preferred = rank < count // shares
    # 0: within its class's share, 1: further ones, 2: not labelled. Stable, so each keeps its random order.
    order = torch.where(labelled, 1 - preferred.long(), 2).argsort(dim=1, stable=True)
    places = shuffled.gather(1, order)
    within = torch.arange(count, device=flat.device) % labelled.sum(1, keepdim=True)  # again from the start if too few
    chosen = places.gather(1, within)
    return torch.stack([chosen % width, chosen // width], -1)


def at_positions(maps: Tensor, positions: Tensor) -> Tensor:
    """Values of maps at pixels: (N, H, W) to (N, P, 1), and (N, C, H, W) to (N, C, P, 1); positions (N, P, 2)."""
    places = positions[..., 1] * maps.shape[-1] + positions[..., 0]  # (N, P)
    flat = maps.flatten(-2)
    if maps.ndim == 3:
        return flat.gather(1, places)[..., None]
    return flat.gather(2, places[:, None].expand(-1, maps.shape[1], -1))[..., None]
