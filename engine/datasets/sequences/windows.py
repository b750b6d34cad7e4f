"""From one course of time to windows that are learned from, in parts that follow one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.errors import BadInput

SHARES = (0.7, 0.15, 0.15)
"""Of the time for training, validation and test, in this order: what is tested lies after all that was learned."""
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Windows:
    """How a course of time is cut.

    Attributes:
        steps: values that are seen, T.
        horizon: values ahead that are asked for, H.
        every: a window begins every so many steps.
        every_step: ask at each of the T steps for the value H steps on, instead of for the H values after the window.
    """

    steps: int
    horizon: int
    every: int = 1
    every_step: bool = False

    def starts(self, length: int, gaps: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Where windows begin, int64 (N,), and the part that each is in, int8 (N,): 0 training, 1 validation, 2 test.

        No value of a validation or test window, seen or asked for, occurs in a training window, so windows that
        reach across a border between parts are left out.

        Args:
            length: how many steps there are.
            gaps: bool, (length,), where a value is missing; windows that hold one are left out.
        """
        whole = self.steps + self.horizon
        if length < whole:
            raise BadInput(
                f"The series has {length:,} steps, and a window needs {self.steps} and {self.horizon} to foretell.",
                "Choose fewer steps or a shorter horizon on the Data page, or bring a longer series.",
            )
        first = np.arange(0, length - whole + 1, self.every)
        last = first + whole - 1
        borders = np.round(np.cumsum(SHARES[:2]) * length)
        part = np.searchsorted(borders, first, side="right").astype(np.int8)
        good = part == np.searchsorted(borders, last, side="right")
        if gaps is not None:
            before = np.concatenate([[0], np.cumsum(gaps)])
            good &= before[last + 1] == before[first]
        if not np.any(part[good] == 0):
            raise BadInput(
                f"No window of {whole} steps fits into the first {SHARES[0]:.0%} of the series, which is for training.",
                "Choose fewer steps or a shorter horizon on the Data page, or bring a longer series without gaps.",
            )
        return first[good], part[good]

    def cut(self, series: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, float32 (N, T, F), and what comes next, float32 (N, H, F), or (N, T, F) with `every_step`.

        Args:
            series: (length, F).
        """
        needed = 4 * len(starts) * (2 * self.steps + self.horizon) * series.shape[1]
        if needed > MOST_BYTES:
            raise BadInput(
                f"{len(starts):,} windows of {self.steps} steps need {needed / 2**30:.1f} GB of memory.",
                "Let a window begin less often, or choose fewer steps on the Data page.",
            )
        seen = starts[:, None] + np.arange(self.steps)
        ahead = seen + self.horizon if self.every_step else starts[:, None] + self.steps + np.arange(self.horizon)
        return series[seen].astype(np.float32), series[ahead].astype(np.float32)

    def learned(self, length: int) -> slice:
        """The steps that training windows may hold, for measures that must not know what is tested."""
        return slice(0, int(np.round(SHARES[0] * length)))


def sines(length: int, features: int, waves: int, trend: float, noise: float, seed: int) -> np.ndarray:
    """A course of time of deviation about 1: sums of sines, a trend and noise, float64 (length, features).

    All features hold the same `waves` periods of 8 to 64 steps, each with strengths and phases of its own.

    Args:
        trend: how much it rises from its first step to its last.
        noise: standard deviation of the noise.
    """
    random = np.random.default_rng([seed, 0])
    periods = 8.0 * 8.0 ** random.uniform(0, 1, waves)
    strengths = random.uniform(0.3, 1, (waves, features))
    strengths *= np.sqrt(2 / (strengths**2).sum(axis=0))
    phases = random.uniform(0, 2 * np.pi, (waves, features))
    time = np.arange(length)
    turns = 2 * np.pi * time[:, None] / periods  # (length, waves)
    clean = sum(strengths[w] * np.sin(turns[:, w, None] + phases[w]) for w in range(waves))
    rising = trend * (time / max(1, length - 1) - 0.5)[:, None]
    return np.asarray(clean + rising + noise * random.standard_normal((length, features)))
