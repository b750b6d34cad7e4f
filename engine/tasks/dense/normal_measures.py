"""Surface normals: losses and the angle between what was found and what is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.sizes import middle_of

if TYPE_CHECKING:
    from torch import Tensor

WITHIN = (11.25, 22.5, 30.0)
"""Degrees of the usual shares (Fouhey et al. 2013)."""
_STEPS = 1000  # per degree
_BINS = 180 * _STEPS + 1


def unit(vectors: Tensor) -> Tensor:
    """Vectors (N, 3, H, W) at length 1; those of length 0 stay."""
    from torch.nn.functional import normalize

    return normalize(vectors, dim=1)


def known(truth: Tensor) -> Tensor:
    """Where a normal is known, bool (N, H, W), of truth (N, 3, H, W)."""
    return truth.abs().amax(1) > 0


def cosine_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Mean of 1 − cos(angle) over the pixels whose normal is known; 0 without any. Both (N, 3, H, W)."""
    mask = known(truth)
    return ((1 - (unit(found) * unit(truth)).sum(1)) * mask).sum() / mask.sum().clamp(min=1)


def square_loss(found: Tensor, truth: Tensor) -> Tensor:
    """Mean squared distance of the vector from the true unit vector, over the pixels where it is known; 0 without any.

    The vector's own length counts, so that it is drawn towards 1 and the gradient is never lost.
    """
    mask = known(truth)
    return ((found - unit(truth)).square().sum(1) * mask).sum() / mask.sum().clamp(min=1)


def angles(found: Tensor, truth: Tensor) -> Tensor:
    """Angles in degrees, (N, H, W), between vectors (N, 3, H, W); 90 where one of them has no length.

    The arc tangent of sine and cosine, since the arc cosine alone loses small angles.
    """
    import torch

    a, b = unit(found.float()), unit(truth.float())
    across, along = torch.linalg.cross(a, b, dim=1).norm(dim=1), (a * b).sum(1)
    turned = torch.rad2deg(torch.atan2(across, along))
    return torch.where(known(found) & known(truth), turned, 90.0)


class NormalMeter(Meter):
    """Counts angles in steps of 0.001°, so that the median needs no list of all pixels.

    Args:
        each: whether every picture's own mean is kept, too.
    """

    def __init__(self, each: bool = False) -> None:
        self._counts: Tensor | None = None  # (180001,) int64, on the device of the answers
        self._sum: Tensor | None = None  # float64 degrees
        self._each: list[Tensor] | None = [] if each else None

    def add(self, answers: Answers, batch: Batch) -> None:
        import torch

        found = answers["normals"]
        truth = middle_of(batch.targets["normals"], found)
        mask = known(truth)
        error = angles(found, truth)
        picked = error[mask]
        counts = torch.bincount((picked * _STEPS).round().long(), minlength=_BINS)
        total = picked.sum(dtype=torch.float64) if picked.device.type != "mps" else picked.sum()
        self._counts = counts if self._counts is None else self._counts + counts
        self._sum = total if self._sum is None else self._sum + total
        if self._each is not None:
            pixels = mask.flatten(1).sum(1)
            self._each.append((error * mask).flatten(1).sum(1) / pixels)

    @property
    def counts(self) -> np.ndarray:
        """int64, (180001,): pixels by their angle in thousandths of a degree."""
        return np.zeros(_BINS, np.int64) if self._counts is None else self._counts.cpu().numpy()

    def result(self) -> Mapping[str, float]:
        counts = self.counts
        pixels = int(counts.sum())
        if not pixels or self._sum is None:
            return {}
        below = np.cumsum(counts)
        found = {"median_angle": _median(below), "mean_angle": float(self._sum) / pixels}
        for degrees in WITHIN:
            found[share_name(degrees)] = float(below[round(degrees * _STEPS)] / pixels)
        return found

    def of_pictures(self) -> np.ndarray:
        """float64, (N,): the mean angle of every picture; NaN where nothing is known."""
        import torch

        return torch.cat(self._each).double().cpu().numpy() if self._each else np.zeros(0)


def share_name(degrees: float) -> str:
    """The measure "share of the pixels within so many degrees"."""
    return f"within_{degrees:g}"


def _median(below: np.ndarray) -> float:
    """The middle angle, or the mean of the two in the middle, from the counts added up over the steps."""
    pixels = int(below[-1])
    lower, upper = (int(np.searchsorted(below, place, side="right")) for place in ((pixels - 1) // 2, pixels // 2))
    return (lower + upper) / 2 / _STEPS
