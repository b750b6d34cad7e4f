"""Surface normals: losses and the angle between what was found and what is true."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.annotation import IGNORE
from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.sizes import middle_of

if TYPE_CHECKING:
    from torch import Tensor

WITHIN = (11.25, 22.5, 30.0)
"""Degrees of the usual shares (Fouhey et al. 2013)."""
STRAIGHT = 10.0
"""Degrees up to which a surface counts as seen straight on."""
_STEPS = 1000  # per degree
_BINS = 180 * _STEPS + 1


def unit(vectors: Tensor) -> Tensor:
    """Vectors (N, 3, H, W) at length 1; those of length 0 stay."""
    from torch.nn.functional import normalize

    return normalize(vectors, dim=1)


def known(truth: Tensor) -> Tensor:
    """Where a normal is known, bool (N, H, W), of truth (N, 3, H, W)."""
    return truth.abs().amax(1) > 0


def slanted(truth: Tensor) -> Tensor:
    """Where the surface is known and not seen straight on, bool (N, H, W), of truth (N, 3, H, W)."""
    across = truth[:, :2].square().sum(1).sqrt()
    return known(truth) & ((truth[:, 2] < 0) | (across > math.tan(math.radians(STRAIGHT)) * truth[:, 2]))


def facing(truth: Tensor) -> Tensor:
    """Rough classes of directions, int64 (N, H, W): 0 straight on, 1 to 8 by the eighth of the compass, `IGNORE`."""
    import torch

    eighth = torch.atan2(truth[:, 1], truth[:, 0]) * (4 / math.pi)
    classes = torch.where(slanted(truth), 1 + eighth.round().long() % 8, 0)
    return classes.masked_fill(~known(truth), IGNORE)


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
        self._counts: Tensor | None = None  # (2, 180001) int64, of all and of slanted ones, on the answers' device
        self._sum: Tensor | None = None  # float64 degrees
        self._each: list[Tensor] | None = [] if each else None

    def add(self, answers: Answers, batch: Batch) -> None:
        import torch

        found = answers["normals"]
        truth = middle_of(batch.targets["normals"], found)
        mask = known(truth)
        error = angles(found, truth)
        picked = error[mask]
        steps = (error * _STEPS).round().long()
        counts = torch.stack([torch.bincount(steps[one], minlength=_BINS) for one in (mask, slanted(truth))])
        total = picked.sum(dtype=torch.float64) if picked.device.type != "mps" else picked.sum()
        self._counts = counts if self._counts is None else self._counts + counts
        self._sum = total if self._sum is None else self._sum + total
        if self._each is not None:
            pixels = mask.flatten(1).sum(1)
            self._each.append((error * mask).flatten(1).sum(1) / pixels)

    @property
    def counts(self) -> np.ndarray:
        """int64, (2, 180001): pixels by their error in thousandths of a degree, all of them and the slanted ones."""
        return np.zeros((2, _BINS), np.int64) if self._counts is None else self._counts.cpu().numpy()

    def result(self) -> Mapping[str, float]:
        below, below_slanted = np.cumsum(self.counts, axis=1)
        pixels = int(below[-1])
        if not pixels or self._sum is None:
            return {}
        found = {"median_angle": _median(below), "mean_angle": float(self._sum) / pixels}
        if below_slanted[-1]:
            found["median_slanted"] = _median(below_slanted)
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
