"""The numbers behind a live plot: growing curves, smoothing, and as few points as pixels show. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

XMode = Literal["step", "epoch", "minutes"]
X_MODES: tuple[XMode, ...] = ("step", "epoch", "minutes")
_X_COLUMN = {mode: column for column, mode in enumerate(X_MODES)}
_Y = len(X_MODES)


@dataclass(frozen=True)
class CurveStyle:
    """What a curve is called and how it is drawn: one hue per run, dashed for validation."""

    run: str
    name: str
    hue: int
    dashed: bool = False

    @property
    def label(self) -> str:
        return f"{self.run} · {self.name}" if self.run else self.name


class Curve:
    """Points in the order of their steps, in an array that grows by doubling."""

    def __init__(self, style: CurveStyle) -> None:
        self.style = style
        self.hidden = False
        self._data = np.empty((_Y + 1, 256))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(
        self, steps: Sequence[float], epochs: Sequence[float], minutes: Sequence[float], values: Sequence[float]
    ) -> None:
        """Add points that come after those that are there."""
        more = len(values)
        needed = self._count + more
        if needed > self._data.shape[1]:
            grown = np.empty((_Y + 1, max(needed, 2 * self._data.shape[1])))
            grown[:, : self._count] = self._data[:, : self._count]
            self._data = grown
        self._data[:, self._count : needed] = (steps, epochs, minutes, values)
        self._count = needed

    def cut_after(self, step: float) -> None:
        """Forget the points beyond `step`, which a resumed run trains again."""
        self._count = int(np.searchsorted(self.x("step"), step, side="right"))

    def x(self, mode: XMode) -> np.ndarray:
        return self._data[_X_COLUMN[mode], : self._count]

    @property
    def y(self) -> np.ndarray:
        return self._data[_Y, : self._count]

    def value_at(self, x: float, mode: XMode) -> float | None:
        """The value of the nearest point, or None where the curve has not got yet or is not defined."""
        if not self._count:
            return None
        xs = self.x(mode)
        if x > xs[-1] + (xs[-1] - xs[0]) * 0.02 and x > xs[-1]:
            return None
        right = min(int(np.searchsorted(xs, x)), self._count - 1)
        left = max(0, right - 1)
        place = left if abs(xs[left] - x) <= abs(xs[right] - x) else right
        value = float(self.y[place])
        return value if math.isfinite(value) else None

    @property
    def last(self) -> float | None:
        return self.value_at(float(self.x("step")[-1]), "step") if self._count else None


def smooth(values: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average with `weight` on the past, unbiased at the start; NaN counts as nothing seen.

    s(t) = Σ wᵏ·y(t−k) / Σ wᵏ, computed in blocks without a Python loop over points.
    """
    if weight <= 0 or len(values) == 0:
        return values
    seen = np.isfinite(values)
    total = _running(np.where(seen, values, 0.0), weight)
    mass = _running(seen.astype(float), weight)
    return np.divide(total, mass, out=np.full(len(values), math.nan), where=mass > 0)


def _running(values: np.ndarray, weight: float) -> np.ndarray:
    """r(t) = weight·r(t−1) + values(t)."""
    # Powers up to e²⁰⁰ keep well inside the range of doubles.
    block = max(1, min(len(values), int(200 / -math.log(weight))))
    powers = weight ** np.arange(block)
    result = np.empty(len(values))
    carried = 0.0
    for start in range(0, len(values), block):
        part = values[start : start + block]
        p = powers[: len(part)]
        result[start : start + len(part)] = (np.cumsum(part / p) + carried * weight) * p
        carried = result[start + len(part) - 1]
    return result


def decimate(x: np.ndarray, y: np.ndarray, low: float, high: float, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut to what lies between `low` and `high` (and one point on either side) and keep each bin's extremes.

    Peaks stay visible, and what is drawn depends on the width of the plot, not on the length of the training.
    """
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
    x, y = x[first:last], y[first:last]
    if len(x) <= 2 * bins:
        return x, y
    # Bins have sizes of powers of two and start at fixed places, so that the picture does not flicker as it grows.
    size = 2 ** math.ceil(math.log2(len(x) / bins))
    starts = np.arange(0, len(x), size)
    pairs = np.stack([np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)], axis=1)
    return np.repeat(x[starts], 2), pairs.reshape(-1)
