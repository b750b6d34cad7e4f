"""Labels as frozen values: classes, and for each picture its objects and the classes of the whole.

Coordinates are pixels of the upright picture, to a hundredth; the centre of a pixel lies at (x + 0.5, y + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

MAX_CLASSES = 200
MAX_PICTURES = 50_000
MAX_OBJECTS = 2_000
"""Objects of one picture."""
MAX_CORNERS = 1_000
"""Corners of one outline, all its rings together: as many as one text of a plain file has room for."""
MAX_SIDE = 65_535
"""Pixels along a side of a picture."""
MAX_PIXELS = 89_478_485
"""Pixels of a picture, as many as Pillow decodes."""
MAX_NAME = 100
COLOURS = 8
"""How many hues classes take turns in."""

Corner = tuple[float, float]
Ring = tuple[Corner, ...]


@dataclass(frozen=True)
class Box:
    """An upright rectangle; left < right and top < bottom."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Polygon:
    """One or more rings of at least three corners, closed by themselves. Where rings overlap is a hole."""

    rings: tuple[Ring, ...]


@dataclass(frozen=True)
class Mask:
    """Painted pixels within the rectangle of `width` by `height` whose first pixel is (`left`, `top`).

    `runs` are lengths of alternately free and painted pixels, row by row, beginning with free ones.
    """

    left: int
    top: int
    width: int
    height: int
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """A single place."""

    x: float
    y: float


Shape = Box | Polygon | Mask | Point


@dataclass(frozen=True)
class LabelObject:
    """Something in a picture: the number of its class, and where it is."""

    label: int
    shape: Shape


@dataclass(frozen=True)
class LabelledPicture:
    """One picture.

    Attributes:
        file: below the folder of the labels, with forward slashes.
        width, height: of the upright picture, in pixels.
        objects: the later ones lie above the earlier ones.
        labels: classes of the whole picture, ascending.
        checked: somebody has said that it is finished, even if there is nothing in it.
    """

    file: str
    width: int
    height: int
    objects: tuple[LabelObject, ...] = ()
    labels: tuple[int, ...] = ()
    checked: bool = False

    @property
    def done(self) -> bool:
        """Whether a training may use it."""
        return self.checked or bool(self.objects) or bool(self.labels)


@dataclass(frozen=True)
class LabelClass:
    """A class: its name, and which of the hues it is drawn in."""

    name: str
    colour: int


@dataclass(frozen=True)
class LabelSet:
    """All labels of a folder of pictures."""

    classes: tuple[LabelClass, ...] = ()
    pictures: tuple[LabelledPicture, ...] = ()

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of each picture, by its file."""
        return {picture.file: number for number, picture in enumerate(self.pictures)}

    @property
    def names(self) -> tuple[str, ...]:
        """The classes' names, in order."""
        return tuple(one.name for one in self.classes)

    def picture(self, file: str) -> LabelledPicture:
        """The labels of one picture. Raises `KeyError` when it is not one of these."""
        return self.pictures[self.places[file]]

    def with_(self, **changes: Any) -> LabelSet:
        return replace(self, **changes)
