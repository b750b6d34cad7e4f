"""Waveforms of known kinds, each drawn from its own seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FRAME = 32
"""Values in one short spectrum of a spectrogram."""


def _saw(turns: np.ndarray) -> np.ndarray:
    return 2 * (turns % 1) - 1


def _chirp(turns: np.ndarray) -> np.ndarray:
    # Frequency rises evenly to three times its start: the turns made so far grow with the square of time.
    share = np.linspace(0, 1, len(turns))
    return np.sin(2 * np.pi * (turns[0] + (turns - turns[0]) * (1 + share) * 0.75))


WAVEFORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sine": lambda turns: np.sin(2 * np.pi * turns),
    "square": lambda turns: np.where(turns % 1 < 0.5, 1.0, -1.0),
    "saw": _saw,
    "triangle": lambda turns: 1 - 2 * np.abs(_saw(turns + 0.25)),
    "chirp": _chirp,
}
"""Every kind as a function of the turns made so far, (T,), to values from −1 to 1, (T,)."""


@dataclass(frozen=True)
class Waves:
    """How waveforms are drawn: frequency, phase and strength of each by chance.

    Attributes:
        kinds: the classes, names of `WAVEFORMS`.
        length: values in each.
        noise: standard deviation of the noise; a wave reaches from about −1 to 1.
        hum: strength of a sine of another frequency that is added, as a share of the wave's own.
    """

    kinds: tuple[str, ...]
    length: int
    noise: float
    hum: float
    seed: int

    def wave(self, index: int) -> tuple[np.ndarray, int]:
        """Wave `index`, float32 (length,), and its class; both follow from the settings and the index alone."""
        random = np.random.default_rng([self.seed, index])
        label = int(random.integers(len(self.kinds)))
        time = np.arange(self.length) / self.length
        cycles = random.uniform(3, max(4.0, min(9.0, self.length / 12)))
        strength = random.uniform(0.7, 1.3)
        values = WAVEFORMS[self.kinds[label]](random.uniform() + cycles * time)
        other = np.sin(2 * np.pi * (random.uniform() + random.uniform(1, 12) * time))
        values = strength * (values + self.hum * other) + self.noise * random.standard_normal(self.length)
        return values.astype(np.float32), label


def spectrogram(wave: np.ndarray) -> np.ndarray:
    """How strong each frequency is at each time: float32, (frames, FRAME / 2 + 1), from 0 to about 1.

    Short Fourier transforms under a Hann window, each half a window after the last, on a logarithmic scale over 60 dB.

    Args:
        wave: (T,) with T ≥ FRAME.
    """
    frames = np.lib.stride_tricks.sliding_window_view(wave, FRAME)[:: FRAME // 2]
    # A full sine has half the window's sum.
    strengths = np.abs(np.fft.rfft(frames * np.hanning(FRAME + 1)[:-1], axis=1)) / (FRAME / 4)
    return np.asarray(1 + np.log10(np.maximum(strengths, 1e-3)) / 3, np.float32)
