"""Pictures to try labelling on: coloured discs, squares and triangles on a speckled ground, the same every time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.cancel import CancelToken
from engine.events import Emit, Progress
from engine.labelling.gather import Gathered, free_name, made_folder
from engine.labelling.shapes import raster
from engine.labelling.spec import LabelledPicture, Polygon
from engine.labelling.store import PICTURES

CLASSES = ("disc", "square", "triangle")
COUNT = 12
WIDTH, HEIGHT = 240, 180
_SIDES = {"disc": 48, "square": 4, "triangle": 3}
_INKS = np.array([[196, 62, 52], [46, 110, 178], [58, 148, 92], [222, 160, 40], [132, 84, 160]], np.float64)


@dataclass(frozen=True)
class MakeSamples:
    """Draw the pictures and write them beside the labels; gives `Gathered`."""

    folder: Path
    seed: int = 7

    def __call__(self, emit: Emit, token: CancelToken) -> Gathered:
        from PIL import Image

        random = np.random.default_rng(self.seed)
        place = made_folder(self.folder)
        made: list[LabelledPicture] = []
        for number in range(COUNT):
            token.raise_if_cancelled()
            emit(Progress("Drawing sample pictures", number, COUNT))
            path = free_name(place, f"sample {number + 1:02}.png")
            Image.fromarray(draw(random)).save(path)
            made.append(LabelledPicture(f"{PICTURES}/{path.name}", WIDTH, HEIGHT))
        return Gathered(tuple(made))


def draw(random: np.random.Generator) -> np.ndarray:
    """One picture, uint8, (HEIGHT, WIDTH, 3), with a few things that do not touch."""
    ground = random.uniform(150, 225, 3)
    slope = np.linspace(-18, 18, WIDTH)[None, :, None] * random.uniform(-1, 1)
    picture = np.broadcast_to(ground + slope, (HEIGHT, WIDTH, 3)).copy()
    placed: list[tuple[float, float, float]] = []
    wanted = int(random.integers(2, 6))
    for _ in range(40):
        if len(placed) == wanted:
            break
        radius = float(random.uniform(16, 32))
        x, y = (float(random.uniform(radius + 3, side - radius - 3)) for side in (WIDTH, HEIGHT))
        if any(math.hypot(x - a, y - b) < radius + other + 6 for a, b, other in placed):
            continue
        placed.append((x, y, radius))
        sides = _SIDES[CLASSES[int(random.integers(len(CLASSES)))]]
        inside = raster(_regular(x, y, radius, sides, float(random.uniform(0, 2 * math.pi))), HEIGHT, WIDTH)
        picture[inside] = _INKS[int(random.integers(len(_INKS)))]
    picture += random.normal(0, 6, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _regular(x: float, y: float, radius: float, sides: int, turn: float) -> Polygon:
    angles = [turn + 2 * math.pi * corner / sides for corner in range(sides)]
    return Polygon((tuple((x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles),))
