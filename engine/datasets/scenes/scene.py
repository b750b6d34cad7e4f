"""What stands where in a generated picture, before it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.datasets.scenes.levels import Level
from engine.datasets.scenes.solids import SOLIDS, Relief

LEAST_SEEN = 0.3
"""An object of which less is seen, because others hide it or the picture ends, is left out."""
_LEAST_PIXELS = 12
_TRIES = 12


@dataclass(frozen=True)
class Thing:
    """One object: kind (a name of `SOLIDS`), class number, centre and radius in pixels, turn in radians, steepness of
    its faces, and its colour from 0 to 1."""

    kind: str
    label: int
    x: float
    y: float
    radius: float
    turn: float
    steepness: float
    colour: tuple[float, float, float]

    def bounds(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of pixels that hold the whole object, also outside the picture."""
        left, top = int(np.floor(self.x - self.radius)), int(np.floor(self.y - self.radius))
        right, bottom = int(np.ceil(self.x + self.radius)), int(np.ceil(self.y + self.radius))
        return left, top, right, bottom

    def relief(self) -> Relief:
        """The object at the centres of the pixels of `bounds`; heights in pixels, normals in the picture's axes."""
        left, top, right, bottom = self.bounds()
        across = ((np.arange(left, right) + 0.5 - self.x) / self.radius)[None, :]
        down = ((np.arange(top, bottom) + 0.5 - self.y) / self.radius)[:, None]
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        own = SOLIDS[self.kind].relief(cos * across + sin * down, cos * down - sin * across, self.steepness)
        u, v, z = (own.normals[:, :, axis] for axis in range(3))
        return Relief(own.inside, own.height * self.radius, np.stack([cos * u - sin * v, sin * u + cos * v, z], axis=2))

    def rings(self) -> tuple[np.ndarray, ...]:
        """Its outlines in pixels of the picture, float64, (P, 2) each."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        turn = np.array([[cos, sin], [-sin, cos]])
        return tuple(ring @ turn * self.radius + [self.x, self.y] for ring in SOLIDS[self.kind].rings)


@dataclass(frozen=True, eq=False)
class Scene:
    """What is in one picture.

    Attributes:
        things: the objects from back to front.
        instances: uint16, (H, W): i + 1 where thing i is seen, else 0.
        reliefs: those of the things, in the same order.
    """

    things: tuple[Thing, ...]
    instances: np.ndarray
    reliefs: tuple[Relief, ...]


def place(
    random: np.random.Generator,
    level: Level,
    kinds: tuple[str, ...],
    size: tuple[int, int],
    objects: tuple[int, int],
    ground: np.ndarray,
) -> Scene:
    """Draw the objects of a picture of `size` (height, width) over a background of the colour `ground`, (3,)."""
    height, width = size
    count = int(random.integers(objects[0], objects[1] + 1))
    shared = random.uniform(0, 1, 3)
    things: list[Thing] = []
    for _ in range(count):
        label = int(random.integers(len(kinds)))
        spot = _spot(random, level, things, height, width)
        turn, steepness = float(random.uniform(0, 2 * np.pi)), float(random.uniform(0.6, 1.2))
        colour = _colour(random, level, ground, shared)
        if spot is not None:
            things.append(Thing(kinds[label], label, *spot, turn, steepness, colour))
    return stack(things, size)


def _spot(
    random: np.random.Generator, level: Level, things: list[Thing], height: int, width: int
) -> tuple[float, float, float] | None:
    """x, y and radius that keep their distance from the objects placed before; None where there is no room.

    The numbers drawn are as many in any case, so that each object's own don't depend on how crowded it is.
    """
    short = min(height, width)
    draws = random.uniform(0, 1, (_TRIES, 3))
    for at, (a, b, c) in enumerate(draws.tolist()):
        # Ever smaller towards the end of the tries, where there is little room.
        low, high = level.radius
        radius = max(4.0, short * (low + (high - low) * c * (1 - at / _TRIES)))
        radius = min(radius, short / 2 - 0.5)
        margin = radius * level.inside
        x, y = margin + a * (width - 2 * margin), margin + b * (height - 2 * margin)
        if all(np.hypot(x - o.x, y - o.y) >= level.apart * (radius + o.radius) for o in things):
            return x, y, radius
    return None


def _colour(
    random: np.random.Generator, level: Level, ground: np.ndarray, shared: np.ndarray
) -> tuple[float, float, float]:
    """A colour that can be told from the background's, if one of eight can."""
    offers = (1 - level.alike) * random.uniform(0, 1, (8, 3)) + level.alike * shared
    offers = 0.15 + 0.85 * offers
    far = np.abs(offers - ground).max(axis=1)
    good = np.flatnonzero(far >= level.contrast)
    red, green, blue = offers[good[0] if len(good) else int(far.argmax())].tolist()
    return red, green, blue


def stack(things: list[Thing], size: tuple[int, int]) -> Scene:
    """Leave out what can hardly be seen, looking from front to back."""
    taken = np.zeros(size, bool)
    kept: list[tuple[Thing, Relief]] = []
    for thing in reversed(things):
        relief = thing.relief()
        rows, columns, within = crop(thing, size)
        inside = relief.inside[within]
        seen = int((inside & ~taken[rows, columns]).sum())
        if seen >= max(_LEAST_PIXELS, LEAST_SEEN * int(relief.inside.sum())):
            taken[rows, columns] |= inside
            kept.append((thing, relief))
    kept.reverse()
    instances = np.zeros(size, np.uint16)
    for number, (thing, relief) in enumerate(kept, start=1):
        rows, columns, within = crop(thing, size)
        instances[rows, columns][relief.inside[within]] = number
    return Scene(tuple(thing for thing, _ in kept), instances, tuple(relief for _, relief in kept))


def crop(thing: Thing, size: tuple[int, int]) -> tuple[slice, slice, tuple[slice, slice]]:
    """Rows and columns of the picture that a thing may cover, and the same part of its relief."""
    left, top, right, bottom = thing.bounds()
    rows, columns = slice(max(0, top), min(size[0], bottom)), slice(max(0, left), min(size[1], right))
    within = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
    return rows, columns, within
