"""Answers with a value for every place of the picture. Never imports torch or cv2.

A map has its own, often lower resolution and lies over the part `area` of the frame: all of it where the network saw
all of it, the middle where it saw only that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Area = tuple[float, float, float, float]
"""x1 y1 x2 y2 in pixels of the frame."""


def _check_area(area: Area) -> None:
    if not (area[0] < area[2] and area[1] < area[3]):
        raise ValueError(f"the area {area} is x1 y1 x2 y2 with x1 < x2 and y1 < y2")


@dataclass(frozen=True, eq=False)
class ClassMap:
    """A class for every place.

    Attributes:
        classes: names of the classes; `background` among them is not painted.
        ids: (h, w) uint8, indices into `classes`.
        area: where it lies in the frame.
        background: index of the class that means "nothing", or None.
    """

    classes: tuple[str, ...]
    ids: np.ndarray
    area: Area
    background: int | None = 0

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.dtype != np.uint8 or not self.ids.size:
            raise ValueError(f"a class map is (h, w) uint8, not {self.ids.shape} {self.ids.dtype}")
        if int(self.ids.max()) >= len(self.classes):
            raise ValueError(f"the class map has class {int(self.ids.max())} of {len(self.classes)}")
        _check_area(self.area)

    @cached_property
    def shares(self) -> dict[str, float]:
        """Which share of the places each class has, the largest first; classes that do not occur are left out."""
        counts = np.bincount(self.ids.ravel(), minlength=len(self.classes))
        order = np.argsort(-counts, kind="stable")
        return {self.classes[int(k)]: float(counts[k] / self.ids.size) for k in order if counts[k]}

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"classes": {name: share}}`."""
        return {"classes": {name: round(share, 4) for name, share in self.shares.items()}}


@dataclass(frozen=True, eq=False)
class EdgeMap:
    """How sure every place is an edge.

    Attributes:
        strength: (h, w) uint8: 255 times the probability.
        area: where it lies in the frame.
    """

    strength: np.ndarray
    area: Area

    def __post_init__(self) -> None:
        if self.strength.ndim != 2 or self.strength.dtype != np.uint8 or not self.strength.size:
            raise ValueError(f"an edge map is (h, w) uint8, not {self.strength.shape} {self.strength.dtype}")
        _check_area(self.area)

    def share(self, threshold: float = 0.5) -> float:
        """Which share of the places is an edge with at least this probability."""
        return float((self.strength >= threshold * 255).mean())

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"edges": share}`, of the places that are an edge with a probability of at least 0.5."""
        return {"edges": round(self.share(), 4)}


@dataclass(frozen=True, eq=False)
class NormalMap:
    """Which way the surface at every place faces.

    Attributes:
        colours: (h, w, 3) uint8 in RGB: the usual colours, `(n + 1) / 2 · 255` of the unit vector with x to the right,
            y up and z towards the viewer, so that a wall seen from the front is light blue.
        mean: the mean direction, x to the right, y down and z towards the viewer; of length 1.
        area: where it lies in the frame.
    """

    colours: np.ndarray
    mean: tuple[float, float, float]
    area: Area

    def __post_init__(self) -> None:
        if self.colours.ndim != 3 or self.colours.shape[2] != 3 or self.colours.dtype != np.uint8:
            raise ValueError(f"a normal map is (h, w, 3) uint8, not {self.colours.shape} {self.colours.dtype}")
        _check_area(self.area)

    @classmethod
    def of(cls, vectors: np.ndarray, area: Area) -> NormalMap:
        """Make one from vectors (3, h, w) float32 of any length, x to the right, y down, z towards the viewer."""
        length = np.sqrt((vectors * vectors).sum(0))  # (h, w)
        unit = vectors / np.maximum(length, 1e-6)
        shown = unit * np.array([127.5, -127.5, 127.5], np.float32)[:, None, None] + 127.5
        mean = unit.mean(axis=(1, 2))
        mean = mean / max(float(np.linalg.norm(mean)), 1e-6)
        colours = np.ascontiguousarray(np.clip(np.rint(shown), 0, 255).astype(np.uint8).transpose(1, 2, 0))
        return cls(colours, (float(mean[0]), float(mean[1]), float(mean[2])), area)

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"normal": [x, y, z]}`, the mean direction."""
        return {"normal": [round(value, 4) for value in self.mean]}


@dataclass(frozen=True, eq=False)
class Restored:
    """A picture that the network made of the frame, such as the frame without its noise.

    Attributes:
        image: (h, w, 3) uint8 in RGB.
        area: where it lies in the frame.
        change: root mean square of what was changed, in grey levels of 0 to 255.
    """

    image: np.ndarray
    area: Area
    change: float

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"a picture is (h, w, 3) uint8, not {self.image.shape} {self.image.dtype}")
        _check_area(self.area)

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"picture": [width, height], "change": grey levels}`."""
        return {"picture": [self.image.shape[1], self.image.shape[0]], "change": round(self.change, 3)}
