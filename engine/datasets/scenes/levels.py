"""How difficult a generated scene is, as numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """What a level of difficulty draws from.

    Attributes:
        objects: fewest and most objects placed; of those that come to lie hidden some are taken away again.
        radius: smallest and largest radius as shares of the picture's short side.
        apart: how far two centres are at least, in sums of their radii; 1 keeps objects from touching.
        inside: how far a centre is from the picture's border, in radii; 1 keeps objects whole.
        contrast: how far an object's colour is at least from the background's, of 1.
        alike: how much all objects of a picture share one colour, 0 to 1.
        texture: how much the background varies, of 1.
        strokes: most lines that are scratched into the background.
        light: how far the light may wander from its place, in radians.
        noise: standard deviation of the noise, of 1.
    """

    objects: tuple[int, int]
    radius: tuple[float, float]
    apart: float
    inside: float
    contrast: float
    alike: float
    texture: float
    strokes: int
    light: float
    noise: float


LEVELS = {
    "easy": Level((1, 3), (0.14, 0.24), 1.0, 1.0, 0.6, 0.0, 0.03, 0, 0.0, 0.01),
    "medium": Level((2, 5), (0.10, 0.22), 0.75, 0.8, 0.4, 0.3, 0.08, 2, 0.15, 0.03),
    "hard": Level((3, 9), (0.07, 0.22), 0.5, 0.4, 0.22, 0.6, 0.15, 6, 0.35, 0.06),
}
