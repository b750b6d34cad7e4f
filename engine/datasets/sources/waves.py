"""Waveforms to tell apart, as sequences and as spectrograms."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, ArrayPictures, DatasetSource, SampleSet, SeriesSet
from engine.datasets.kinds import named_kinds
from engine.datasets.sequences.waveforms import FRAME, WAVEFORMS, spectrogram
from engine.datasets.sequences.waveforms import Waves as Recipe
from engine.events import Emit, Progress


class _Waves(DatasetSource):
    """What both share: the options, and the drawing."""

    count: int = Field(1000, ge=1, le=200_000, description="How many waves there are.")
    length: int = Field(128, ge=FRAME, le=8192, description="Values in each wave.")
    kinds: str = Field(
        ", ".join(WAVEFORMS),
        max_length=200,
        description="The classes, with commas between: sine, square, saw, triangle, chirp.",
    )
    noise: float = Field(0.2, ge=0, le=5, description="Strength of the noise; a wave reaches from about −1 to 1.")
    hum: float = Field(0.2, ge=0, le=2, description="Strength of another sine that is mixed in.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same seed gives the same waves.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, value: str) -> str:
        return named_kinds(value, WAVEFORMS)

    def known_classes(self) -> int | None:
        return len(self._classes)

    @property
    def _classes(self) -> tuple[str, ...]:
        return tuple(self.kinds.split(", "))

    def _drawn(self, emit: Emit, token: CancelToken) -> tuple[np.ndarray, np.ndarray]:
        """The waves, float32 (N, T), and their classes, int64 (N,)."""
        recipe = Recipe(self._classes, self.length, self.noise, self.hum, self.seed)
        waves = np.empty((self.count, self.length), np.float32)
        labels = np.empty(self.count, np.int64)
        for index in range(self.count):
            if index % 256 == 0:
                token.raise_if_cancelled()
                emit(Progress("Drawing the waves", index, self.count))
            waves[index], labels[index] = recipe.wave(index)
        return waves, labels


@DATASETS.register("waves")
class Waves(_Waves):
    """Sine, square, saw and triangle waves and chirps, with frequency, phase and strength by chance, under noise.

    Every wave is one sequence with one class (many-to-one). Seen as a spectrogram, a step of the sequence is not one
    value but how strong each of 17 frequencies is in a short stretch of 32 values.
    """

    label = "Generated waveforms"
    help = "Noisy waves of five kinds to tell apart, drawn by the program. As many as you like."
    kind = "series"

    view: Literal["values", "spectrogram"] = Field(
        "values", description="What a step of the sequence is: one value, or the strengths of the frequencies."
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        waves, labels = self._drawn(emit, token)
        steps = waves[:, :, None] if self.view == "values" else np.stack([spectrogram(wave) for wave in waves])
        return SeriesSet(steps, {"label": labels}, self._classes, labels)


@DATASETS.register("spectrograms")
class Spectrograms(_Waves):
    """Noisy waves as pictures: time from left to right, frequency from bottom to top, strong frequencies bright.

    So a network for pictures can listen, as is usual for speech and music.
    """

    label = "Generated spectrograms"
    help = "Noisy waves of five kinds as pictures of their frequencies, drawn by the program."

    length: int = Field(512, ge=FRAME, le=8192, description="Values in each wave; every 16 make a column.")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        waves, labels = self._drawn(emit, token)
        strengths = np.stack([spectrogram(wave) for wave in waves])  # (N, frames, frequencies)
        grey = np.rint(255 * strengths.clip(0, 1)).astype(np.uint8)
        return ArrayPictures(np.ascontiguousarray(grey.transpose(0, 2, 1)[:, ::-1]), self._classes, labels)
