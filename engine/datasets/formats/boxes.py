"""Whether a box from a file can be used, and what has to be put right first."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.errors import BadInput

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""
_FAR = 1e6
_ROUNDING = 0.5  # pixels that a box may stick out of its picture without a word
MAX_OBJECTS = 5000
"""Objects that one picture may have; what comes after them is refused."""
MAX_CLASSES = 10_000


def number(value: Any) -> float | None:
    """A finite number out of JSON or text, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def four_numbers(values: Any) -> Box | None:
    """Four finite numbers, or None."""
    if not isinstance(values, list | tuple) or len(values) != 4:
        return None
    found = [number(value) for value in values]
    return None if None in found else (found[0], found[1], found[2], found[3])  # type: ignore[return-value]


def usable_box(box: Box, width: float, height: float) -> tuple[Box | None, str]:
    """The part of a box inside its picture, and a sentence on what was put right, or on why there is none.

    Corners in the wrong order are swapped and a box that sticks out is clipped; up to half a pixel, which comes of
    rounding, without a word.
    """
    if max(abs(value) for value in box) > _FAR:
        return None, "The box lies far outside any picture, so it was left out."
    notes = []
    x1, y1, x2, y2 = box
    if x1 > x2 or y1 > y2:
        x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
        notes.append("The box had its corners in the wrong order; they were swapped.")
    inside = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
    if np.float32(x1) == np.float32(x2) or np.float32(y1) == np.float32(y2):  # in which boxes are kept
        return None, "The box has no area, so it was left out."
    if inside[0] >= inside[2] or inside[1] >= inside[3]:
        return None, "The box lies outside its picture, so it was left out."
    if max(abs(a - b) for a, b in zip(inside, (x1, y1, x2, y2), strict=True)) > _ROUNDING:
        notes.append(f"The box stuck out of its picture of {width:g}×{height:g} pixels and was clipped.")
    return inside, " ".join(notes)


def unusable(top: object, what: str, first: str) -> BadInput:
    """The error where nothing at all could be used."""
    return BadInput(
        f"{top} holds {what} that can be used.{f' The first fault: {first}' if first else ''}",
        "Check that the folder and the format are the ones meant.",
    )
