"""Solid bodies in three-dimensional noise. Never imports torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Body = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
SOLIDS: dict[str, Body] = {
    "sphere": lambda x, y, z: np.sqrt(x**2 + y**2 + z**2) - 0.85,
    "cube": lambda x, y, z: np.maximum(np.maximum(np.abs(x), np.abs(y)), np.abs(z)) - 0.68,
    "pyramid": lambda x, y, z: np.maximum((2 * np.maximum(np.abs(x), np.abs(y)) + z - 0.95) / np.sqrt(5), -0.7 - z),
    "torus": lambda x, y, z: np.hypot(np.hypot(x, y) - 0.65, z) - 0.28,
}
"""About how far a point is outside the body, which fits into a ball of radius 1.2; negative inside."""


@dataclass(frozen=True)
class Level:
    """How difficult volumes are.

    Attributes:
        noise: standard deviation of the noise, of 1.
        contrast: least difference between body and surroundings, of 1.
        tilt: how far a body may be tipped over before it is turned about the vertical, in radians.
        radius: smallest and largest size of a body, as shares of the volume's side.
    """

    noise: float
    contrast: float
    tilt: float
    radius: tuple[float, float]


LEVELS = {
    "easy": Level(0.05, 0.5, 0.3, (0.26, 0.34)),
    "medium": Level(0.12, 0.4, np.pi / 2, (0.24, 0.34)),
    "hard": Level(0.25, 0.3, np.pi, (0.2, 0.32)),
}


@dataclass(frozen=True)
class Solids:
    """How volumes are drawn: each a body of chance place, size, turn and density.

    Attributes:
        kinds: the classes, of `SOLIDS`.
        size: values along each side.
    """

    kinds: tuple[str, ...]
    size: int
    level: Level
    seed: int

    def volume(self, index: int) -> tuple[np.ndarray, int]:
        """Volume `index`, uint8 (1, D, H, W), and its class; both follow from the settings and the index alone."""
        random = np.random.default_rng([self.seed, index])
        label = int(random.integers(len(self.kinds)))
        radius = random.uniform(*self.level.radius)
        room = max(0.0, 0.5 - 1.2 * radius)
        middle = 0.5 + random.uniform(-room, room, 3)
        grid = (np.arange(self.size) + 0.5) / self.size
        points = np.stack(np.meshgrid(*(grid - place for place in middle), indexing="ij")).reshape(3, -1)  # z, y, x
        x, y, z = _turn(random, self.level.tilt) @ points[::-1] / radius
        far = SOLIDS[self.kinds[label]](x, y, z) * radius * self.size  # in values
        ground = random.uniform(0.0, 0.3)
        dense = random.uniform(0.3 + self.level.contrast, 1.0)
        whole = ground + np.clip(0.5 - far, 0, 1) * (dense - ground)
        whole += self.level.noise * random.standard_normal(whole.shape)
        volume = np.rint(255 * whole.clip(0, 1)).astype(np.uint8)
        return volume.reshape(1, self.size, self.size, self.size), label


def _turn(random: np.random.Generator, tilt: float) -> np.ndarray:
    """A rotation of (x, y, z): about the vertical by any angle, then tipped over to a side by up to `tilt`."""
    about, side, over = random.uniform(0, 2 * np.pi), random.uniform(0, 2 * np.pi), random.uniform(-tilt, tilt)
    return _about_z(side) @ _about_x(over) @ _about_z(about - side)


def _about_z(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _about_x(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
