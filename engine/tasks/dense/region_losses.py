"""Losses of pixel classes. All take scores (N, C, H, W) as logits and classes (N, H, W), and skip unknown pixels.

A batch without a single labelled pixel has the loss 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.datasets.annotation import IGNORE

if TYPE_CHECKING:
    from torch import Tensor

_SMOOTH = 1.0
"""Pixels added above and below the line, so that a class which is nowhere, and is found nowhere, has no loss."""


def cross_entropy(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """−Σ w·log p(truth) / Σ w over the labelled pixels, p = softmax(scores)."""
    from torch.nn import functional

    truth = truth.long()
    total = functional.cross_entropy(scores, truth, weight=weights, ignore_index=IGNORE, reduction="sum")
    return total / _weight_of(truth, weights).clamp(min=_least(weights))


def focal(scores: Tensor, truth: Tensor, gamma: float = 2.0, weights: Tensor | None = None) -> Tensor:
    """−Σ w·(1 − p)^γ·log p / Σ w with p = p(truth): easy pixels count little (Lin et al. 2017)."""
    from torch.nn import functional

    truth = truth.long()
    plain = functional.cross_entropy(scores, truth, ignore_index=IGNORE, reduction="none")  # (N, H, W), 0 if unknown
    # expm1 keeps its digits where p is near 1, and so does the gradient of the power.
    hard = -(-plain).expm1()
    each = hard.clamp(min=1e-12) ** gamma * plain
    if weights is not None:
        each = each * weights[_safe(truth)]
    return each.sum() / _weight_of(truth, weights).clamp(min=_least(weights))


def dice(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """1 − mean over classes of (2·Σpt + 1) / (Σp + Σt + 1), sums over the batch's labelled pixels.

    t is 1 where the class is. The form with plain sums below the line (Drozdzal et al. 2016), over all classes.
    """
    both, found, there = _overlaps(scores, truth)
    return 1 - _mean((2 * both + _SMOOTH) / (found + there + _SMOOTH), weights)


def soft_jaccard(scores: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """1 − mean over classes of (Σpt + 1) / (Σp + Σt − Σpt + 1): intersection over union of probabilities.

    Rahman and Wang 2016.
    """
    both, found, there = _overlaps(scores, truth)
    return 1 - _mean((both + _SMOOTH) / (found + there - both + _SMOOTH), weights)


REGION_LOSSES: dict[str, tuple[tuple[str, Callable[..., Tensor]], ...]] = {
    "cross-entropy": (("cross_entropy", cross_entropy),),
    "Dice": (("dice", dice),),
    "IoU": (("iou", soft_jaccard),),
    "focal": (("focal", focal),),
    "cross-entropy + Dice": (("cross_entropy", cross_entropy), ("dice", dice)),
}
"""The terms of every loss that can be chosen, by the names of their curves."""


def balanced_weights(counts: Tensor) -> Tensor:
    """float32, (C,): n / (C·n_c) for classes of n_c pixels among n, as scikit-learn balances; 1 for those without."""
    import torch

    counts = counts.double()
    return torch.where(counts > 0, counts.sum() / (len(counts) * counts.clamp(min=1)), 1.0).float()


def class_counts(truth: Tensor, classes: int) -> Tensor:
    """int64, (classes,), on the CPU: labelled pixels of each class, of uint8 maps (N, H, W) of any number."""
    import torch

    counts = torch.zeros(256, dtype=torch.int64)
    for some in truth.split(256):
        counts += torch.bincount(some.flatten().int(), minlength=256)[:256].cpu()
    return counts[:classes]


def _overlaps(scores: Tensor, truth: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Σpt, Σp and Σt of every class, each (C,)."""
    from torch.nn.functional import one_hot

    truth = truth.long()
    labelled = (truth != IGNORE)[:, None]  # (N, 1, H, W)
    shares = scores.softmax(1) * labelled
    there = one_hot(_safe(truth), scores.shape[1]).movedim(-1, 1) * labelled  # (N, C, H, W)
    axes = (0, 2, 3)
    return (shares * there).sum(axes), shares.sum(axes), there.sum(axes).float()


def _safe(truth: Tensor) -> Tensor:
    """Classes that may be looked up: unknown pixels as background."""
    return truth.masked_fill(truth == IGNORE, 0)


def _weight_of(truth: Tensor, weights: Tensor | None) -> Tensor:
    """The sum of the weights of the labelled pixels, 0-dimensional."""
    labelled = truth != IGNORE
    if weights is None:
        return labelled.sum().float()
    return (weights[_safe(truth)] * labelled).sum()


def _least(weights: Tensor | None) -> float:
    return 1.0 if weights is None else 1e-12


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    return values.mean() if weights is None else (values * weights).sum() / weights.sum()
