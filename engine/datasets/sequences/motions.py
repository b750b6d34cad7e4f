"""Small shapes that move, so that only the order of the frames tells how. Never imports torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEPS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0), "still": (0.0, 0.0)}
"""Movements in a straight line: how x and y change, y downwards."""
TURNS = {"clockwise": 1.0, "anticlockwise": -1.0}
"""Movements on a circle: the sense in which the angle grows, as it is seen with y downwards."""
MOTIONS = (*STEPS, *TURNS)


@dataclass(frozen=True)
class Level:
    """How difficult clips are.

    Attributes:
        noise: standard deviation of the noise, of 1.
        shake: how far a shape may stray from its path in a frame, in pixels.
        contrast: least difference between shape and background, of 1.
        others: further shapes that do not move.
    """

    noise: float
    shake: float
    contrast: float
    others: int


LEVELS = {
    "easy": Level(0.03, 0.0, 0.6, 0),
    "medium": Level(0.08, 0.4, 0.4, 1),
    "hard": Level(0.15, 0.8, 0.3, 2),
}

Distance = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
_SHAPES: tuple[Distance, ...] = (
    lambda x, y, r: np.hypot(x, y) - r,
    lambda x, y, r: np.maximum(np.abs(x), np.abs(y)) - 0.88 * r,
    lambda x, y, r: (np.abs(x) + np.abs(y) - 1.25 * r) / np.sqrt(2.0),
)
"""How far a point is outside a disc, a square and a diamond, in pixels; negative inside."""


@dataclass(frozen=True)
class MovingShapes:
    """How clips are drawn.

    What leaves a frame on one side comes back on the other, and a shape begins anywhere. So every place is equally
    likely in every frame of every class, and no single frame tells what moves how.

    Attributes:
        kinds: the classes, of `MOTIONS`.
        frames: how many in each clip.
        size: height and width of a frame, in pixels.
        channels: 1 for grey, 3 for colour.
    """

    kinds: tuple[str, ...]
    frames: int
    size: int
    channels: int
    level: Level
    seed: int

    def clip(self, index: int) -> tuple[np.ndarray, int]:
        """Clip `index`, uint8 (T, C, H, W), and its class; both follow from the settings and the index alone."""
        random = np.random.default_rng([self.seed, index])
        label = int(random.integers(len(self.kinds)))
        ground = random.uniform(0.0, 0.4, self.channels)
        canvas = np.broadcast_to(ground[:, None, None], (self.frames, self.channels, self.size, self.size)).copy()
        for _ in range(self.level.others):
            self._lay(canvas, random, np.repeat(random.uniform(0, self.size, (1, 2)), self.frames, 0))
        path = self._path(self.kinds[label], random)
        path += self.level.shake * random.uniform(-1, 1, path.shape)
        self._lay(canvas, random, path)
        canvas += self.level.noise * random.standard_normal(canvas.shape)
        return np.rint(255 * canvas.clip(0, 1)).astype(np.uint8), label

    def _path(self, kind: str, random: np.random.Generator) -> np.ndarray:
        """The middle of the shape in every frame as (x, y): float64, (T, 2)."""
        time = np.arange(self.frames)
        begin = random.uniform(0, self.size, 2)
        speed = random.uniform(0.08, 0.15) * self.size
        radius = random.uniform(0.18, 0.28) * self.size
        angle = random.uniform(0, 2 * np.pi)
        turns = random.uniform(0.8, 1.3) * time / self.frames
        if kind in STEPS:
            return np.asarray(begin + speed * time[:, None] * np.array(STEPS[kind]))
        angles = angle + TURNS[kind] * 2 * np.pi * turns
        return np.asarray(begin + radius * np.stack([np.cos(angles), np.sin(angles)], 1))

    def _lay(self, canvas: np.ndarray, random: np.random.Generator, path: np.ndarray) -> None:
        """Paint a shape of chance along its path over the frames, with soft edges."""
        shape = _SHAPES[int(random.integers(len(_SHAPES)))]
        radius = random.uniform(0.1, 0.16) * self.size
        colour = random.uniform(0.4 + self.level.contrast, 1.0, self.channels)
        grid = np.arange(self.size) + 0.5
        across, down = (
            (grid[None, :] - path[:, axis, None] + self.size / 2) % self.size - self.size / 2 for axis in (0, 1)
        )  # (T, W) and (T, H), the shorter way round
        cover = np.clip(0.5 - shape(across[:, None, :], down[:, :, None], radius), 0, 1)[:, None]  # (T, 1, H, W)
        canvas += cover * (colour[:, None, None] - canvas)
