"""How near made pictures come to real ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.report import Line, Plot

if TYPE_CHECKING:
    from torch import Tensor

SHADES = 64


class PixelStatistics:
    """Mean and spread of every pixel over many pictures, and how often each shade occurs. Pictures are in 0..1."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = np.zeros(0)
        self._squares = np.zeros(0)
        self.shades = np.zeros(SHADES)

    def add(self, pictures: Tensor) -> None:
        """Take in (N, C, H, W)."""
        values = pictures.detach().double().cpu().numpy()
        sums, squares = values.sum(0), (values**2).sum(0)
        self._sum = sums if not self.count else self._sum + sums
        self._squares = squares if not self.count else self._squares + squares
        self.shades += np.histogram(values.clip(0, 1), SHADES, (0, 1))[0]
        self.count += len(values)

    @property
    def mean(self) -> np.ndarray:
        return np.asarray(self._sum / self.count)

    @property
    def deviation(self) -> np.ndarray:
        return np.asarray(np.sqrt((self._squares / self.count - self.mean**2).clip(0)))

    def distance(self, other: PixelStatistics) -> float:
        """√ of the mean over pixels of (μ − μ')² + (σ − σ')², the Fréchet distance of independent normal pixels.

        0 for sets of equal statistics, about 1 for all black against all white.
        """
        apart = (self.mean - other.mean) ** 2 + (self.deviation - other.deviation) ** 2
        return math.sqrt(float(apart.mean()))


class AdversaryMeter(Meter):
    """What the discriminator takes for real, and how the statistics of made pictures differ from the real ones'."""

    def __init__(self) -> None:
        self._real, self._made = PixelStatistics(), PixelStatistics()
        self._taken = {"real": 0, "fake": 0}

    def add(self, answers: Answers, batch: Batch) -> None:
        self._real.add(answers["picture"])
        self._made.add(answers["made"])
        for name in self._taken:
            self._taken[name] += int((answers[name] > 0.5).sum())

    def result(self) -> Mapping[str, float]:
        if not self._real.count:
            return {}
        return {
            "pixel_distance": self._real.distance(self._made),
            "real_for_real": self._taken["real"] / self._real.count,
            "fake_for_real": self._taken["fake"] / self._made.count,
        }

    def shades(self) -> Plot:
        """How often every shade occurs in real and in made pictures."""
        at = (np.arange(SHADES) + 0.5) / SHADES
        lines = tuple(
            Line(name, at, found.shades / max(found.shades.sum(), 1), dashed=found is self._real)
            for name, found in (("real", self._real), ("made", self._made))
        )
        return Plot("Shades of the pixels", "shade, from black to white", "share of the pixels", lines)


class CopyMeter(Meter):
    """How exactly pictures are drawn again.

    PSNR is 10·log₁₀(1 / mean squared error) of every picture in 0..1, in decibels, and its mean over the pictures. One
    that is exact would be infinitely good and counts as the best that single precision can tell.
    """

    def __init__(self) -> None:
        self._decibels, self._squares, self._count = 0.0, 0.0, 0

    def add(self, answers: Answers, batch: Batch) -> None:
        errors = (answers["made"] - answers["picture"]).double().square().flatten(1).mean(1).cpu().numpy()
        self._decibels += float((-10 * np.log10(errors.clip(1e-12))).sum())
        self._squares += float(errors.sum())
        self._count += len(errors)

    def result(self) -> Mapping[str, float]:
        if not self._count:
            return {}
        return {"psnr": self._decibels / self._count, "mse": self._squares / self._count}
