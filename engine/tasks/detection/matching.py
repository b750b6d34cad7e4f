"""Which anchor or region answers for which object, and which of them a loss looks at. As torchvision does both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.tasks.detection.boxes import Truth, overlaps, rows_of

if TYPE_CHECKING:
    from torch import Tensor

NOTHING = -1
"""An anchor that lies on no object: it has to say so."""
UNDECIDED = -2
"""An anchor that neither lies on an object nor beside all: no loss looks at it."""

Rescue = Literal["none", "ties", "best"]


def match(anchors: Tensor, truth: Truth, high: float, low: float, rescue: Rescue) -> Tensor:
    """The row of the object that each anchor answers for, `NOTHING` or `UNDECIDED`: anchors (N, A, 4) to (N, A).

    An anchor takes the object that it overlaps most, from an overlap of `high` on; below `low` it has nothing.

    Args:
        rescue: what happens to objects without a good anchor. "ties" gives each all anchors that overlap it most,
            which answer for whatever they overlap most themselves (Ren et al. 2015); "best" gives it the one anchor
            that overlaps it most (Liu et al. 2016).
    """
    import torch

    return torch.stack(
        [_match(anchors[i], truth.boxes[i], truth.valid[i], high, low, rescue) for i in range(len(truth))]
    )


def _match(anchors: Tensor, boxes: Tensor, valid: Tensor, high: float, low: float, rescue: Rescue) -> Tensor:
    """The same for one picture: anchors (A, 4), boxes (M, 4) and which rows of them count (M,)."""
    import torch

    rows = torch.where(valid)[0]
    if not len(rows):
        return anchors.new_full((len(anchors),), NOTHING, dtype=torch.int64)
    fit = overlaps(boxes[rows], anchors)  # (m, A)
    most, favourite = fit.max(0)
    result = favourite.masked_fill(most < high, UNDECIDED).masked_fill(most < low, NOTHING)
    best, place = fit.max(1)
    if rescue == "ties":
        tied = ((fit == best[:, None]) & (best > 0)[:, None]).any(0)
        result = torch.where(tied, favourite, result)
    elif rescue == "best":
        for number in range(len(rows)):  # one after the other: of two objects with the same anchor the later wins
            result[place[number]] = number
    return torch.where(result >= 0, rows[result.clamp(min=0)], result)


def labels_for(matched: Tensor, truth: Truth) -> Tensor:
    """Class numbers with the background as 0 for anchors (N, A); 0 too where nothing is decided."""
    if not truth.labels.shape[1]:
        return matched.new_zeros(matched.shape)
    return (rows_of(truth.labels, matched.clamp(min=0)) + 1) * (matched >= 0)


def boxes_for(matched: Tensor, truth: Truth) -> Tensor:
    """The boxes of the objects that anchors answer for: (N, A) to (N, A, 4); any box where there is none."""
    if not truth.boxes.shape[1]:
        return truth.boxes.new_zeros(*matched.shape, 4)
    return rows_of(truth.boxes, matched.clamp(min=0))


def draw(
    positive: Tensor, negative: Tensor, truth: Truth, count: int, share: float, slot: int
) -> tuple[Tensor, Tensor]:
    """Of each picture at most `count` anchors, at most that `share` of them positive, by chance.

    The draw depends on the seed, the epoch and the picture alone.

    Args:
        positive, negative: bool (N, A), what there is to draw from.
        slot: a number of its own for every draw of a step.

    Returns:
        The positive and the negative ones that were drawn, bool (N, A) each.
    """
    import torch

    from engine.datasets.draws import Draws

    amount = positive.shape[1]
    order = Draws(truth.keys, slot).words(amount, positive.device) * amount
    order = order + torch.arange(amount, device=positive.device)  # no two alike
    limit = torch.full_like(positive.sum(1), int(count * share))
    chosen = _first(order, positive, limit)
    return chosen, _first(order, negative, count - chosen.sum(1))


def _first(order: Tensor, among: Tensor, limit: Tensor) -> Tensor:
    """Of those `among`, (N, A), the `limit`, (N,), that come first in the order, (N, A)."""
    place = order.masked_fill(~among, order.max() + 1 if order.numel() else 0).argsort(1).argsort(1)
    return among & (place < limit[:, None])
