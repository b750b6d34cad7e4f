"""Augmentations that move pixels."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field, model_validator

from engine.datasets.augment import AUGMENTATIONS, Dial, Geometric, after
from engine.datasets.draws import Draws, each
from engine.datasets.moving import Outside

_OUTSIDE = "What is seen where the old picture ends: black, its last pixels drawn out, or its mirror image."


class _Filled(Geometric):
    outside: Outside = Field("black", description=_OUTSIDE)

    @property
    def fills(self) -> Outside:
        return self.outside


def _maps(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Stack the entries of [[a, b, x], [c, d, y]], each (N,), to (N, 2, 3)."""
    return np.stack([np.stack([a, b, x], axis=1), np.stack([c, d, y], axis=1)], axis=1)


def rotation(degrees: np.ndarray) -> np.ndarray:
    """Backward maps that turn the picture counter-clockwise by these angles."""
    cosine = each(lambda angle: math.cos(math.radians(angle)), degrees)
    sine = each(lambda angle: math.sin(math.radians(angle)), degrees)
    zero = np.zeros_like(cosine)
    return _maps(cosine, -sine, sine, cosine, zero, zero)


def translation(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Backward maps that move the picture by these numbers of pixels."""
    one, zero = np.ones_like(right), np.zeros_like(right)
    return _maps(one, zero, zero, one, -right, -down)


def zoom(across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Backward maps that enlarge the picture by these factors (negative: mirror it)."""
    zero = np.zeros_like(across)
    return _maps(1 / across, zero, zero, 1 / along, zero, zero)


def slant(degrees: np.ndarray) -> np.ndarray:
    """Backward maps that lean the picture to the side by these angles."""
    tangent = each(lambda angle: math.tan(math.radians(angle)), degrees)
    one, zero = np.ones_like(tangent), np.zeros_like(tangent)
    return _maps(one, tangent, zero, one, zero, zero)


@AUGMENTATIONS.register("rotate")
class Rotate(_Filled):
    """Turns every picture by a random angle about its centre.

    The network then learns that a slightly turned object is the same object. Too large an angle makes a 6 a 9.
    """

    label = "Rotate"
    dials = (Dial("degrees", 0, 45),)
    degrees: float = Field(10.0, ge=0, le=180, description="Largest angle to either side, in degrees.")

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        return rotation(draws.uniform(-self.degrees, self.degrees))


@AUGMENTATIONS.register("shift")
class Shift(_Filled):
    """Moves every picture by a random distance, sideways and up or down.

    Convolutions follow a shift by themselves, but the dense layers behind them have to learn it.
    """

    label = "Translate"
    dials = (Dial("horizontal", 0, 0.4), Dial("vertical", 0, 0.4))
    horizontal: float = Field(0.1, ge=0, le=1, description="Largest shift to either side, as a share of the width.")
    vertical: float = Field(0.1, ge=0, le=1, description="Largest shift up or down, as a share of the height.")

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        right = draws.uniform(-self.horizontal, self.horizontal) * width
        return translation(right, draws.uniform(-self.vertical, self.vertical) * height)


class _Zoom(_Filled):
    smallest: float = Field(0.9, gt=0, le=10, description="Smallest factor; below 1 shrinks.")
    largest: float = Field(1.1, gt=0, le=10, description="Largest factor; above 1 enlarges.")

    @model_validator(mode="after")
    def _ordered(self) -> _Zoom:
        if self.smallest > self.largest:
            raise ValueError(f"the smallest factor ({self.smallest:g}) is above the largest ({self.largest:g})")
        return self


@AUGMENTATIONS.register("scale")
class Scale(_Zoom):
    """Enlarges or shrinks every picture by a random factor about its centre, as if it were nearer or farther."""

    label = "Zoom"
    dials = (Dial("largest", 1, 1.6), Dial("smallest", 1, 0.5))

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        factor = draws.uniform(self.smallest, self.largest)
        return zoom(factor, factor)


@AUGMENTATIONS.register("affine")
class Affine(_Zoom):
    """Slants, scales, turns and shifts every picture at once, each by a random amount.

    The four together are the affine maps: straight lines stay straight and parallels stay parallel.
    """

    label = "Affine"
    dials = (
        Dial("degrees", 0, 30), Dial("shift", 0, 0.3), Dial("shear", 0, 20),
        Dial("largest", 1, 1.4), Dial("smallest", 1, 0.7),
    )  # fmt: skip
    degrees: float = Field(10.0, ge=0, le=180, description="Largest turn to either side, in degrees.")
    shift: float = Field(0.1, ge=0, le=1, description="Largest shift in either direction, as a share of the side.")
    shear: float = Field(5.0, ge=0, le=60, description="Largest slant to either side, in degrees.")

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        lean = slant(draws.uniform(-self.shear, self.shear))
        factor = draws.uniform(self.smallest, self.largest)
        turn = rotation(draws.uniform(-self.degrees, self.degrees))
        right = draws.uniform(-self.shift, self.shift) * width
        move = translation(right, draws.uniform(-self.shift, self.shift) * height)
        return after(after(lean, zoom(factor, factor)), after(turn, move))


@AUGMENTATIONS.register("shear")
class Shear(_Filled):
    """Leans every picture to the side and up or down by random angles, as if it were seen askew."""

    label = "Shear"
    dials = (Dial("horizontal", 0, 30), Dial("vertical", 0, 30))
    horizontal: float = Field(10.0, ge=0, le=60, description="Largest slant to either side, in degrees.")
    vertical: float = Field(0.0, ge=0, le=60, description="Largest slant up or down, in degrees.")

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        lean = slant(draws.uniform(-self.horizontal, self.horizontal))
        # Upwards is sideways with the axes swapped.
        rise = slant(draws.uniform(-self.vertical, self.vertical))[:, ::-1][:, :, [1, 0, 2]]
        return after(lean, rise)


@AUGMENTATIONS.register("crop")
class Crop(Geometric):
    """Cuts a random part out of every picture and enlarges it to the full size.

    The network sees objects at many sizes and places, and learns to name them by their parts (Szegedy et al., "Going
    Deeper with Convolutions", 2015).
    """

    label = "Random crop"
    dials = (Dial("smallest", 1, 0.2),)
    smallest: float = Field(0.6, gt=0, le=1, description="Smallest share of the picture's area that is kept.")
    stretch: float = Field(
        1.33, ge=1, le=4, description="How much wider or higher than the picture the part may be: 1.33 is 3:4 to 4:3."
    )

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        area = draws.uniform(self.smallest, 1.0)
        tallness = each(lambda exponent: self.stretch**exponent, draws.uniform(-1.0, 1.0))
        # Of a part that is too wide or too high for the picture only the other side is as drawn.
        across = np.minimum(np.sqrt(area / tallness), 1.0)
        along = np.minimum(np.sqrt(area * tallness), 1.0)
        x = draws.uniform(-0.5, 0.5) * (1 - across) * width
        y = draws.uniform(-0.5, 0.5) * (1 - along) * height
        zero = np.zeros_like(x)
        return _maps(across, zero, zero, along, x, y)


@AUGMENTATIONS.register("flip")
class Flip(Geometric):
    """Mirrors some of the pictures.

    Right for things that look alike from both sides (animals, cars); wrong for digits and letters.
    """

    label = "Flip"
    dials = (Dial("horizontal", 0, 1),)
    horizontal: float = Field(0.5, ge=0, le=1, description="Chance of swapping left and right.")
    vertical: float = Field(0.0, ge=0, le=1, description="Chance of swapping top and bottom.")

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        across = np.where(draws.chance(self.horizontal), -1.0, 1.0)
        return zoom(across, np.where(draws.chance(self.vertical), -1.0, 1.0))
