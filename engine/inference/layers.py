"""What lies over the picture, made ready in the predicting thread: the window and recordings only lay it on.

A layer is small: one byte for every place, and a table of 256 colours says how each value is seen. So another choice of
classes or another threshold is another table, and no picture is computed anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.inference.detections import Detections, Outcome
from engine.inference.frame import Frame
from engine.inference.maps import Area, ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.masks import MOST, instance_ids

STRENGTH = 0.55
"""How much of a tinted place is tint."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Something to lay over the frame.

    Attributes:
        kind: "classes" and "instances" are values to be coloured, "strength" goes from nothing to full, "picture" is
            one in RGB that covers what is below.
        pixels: (h, w) uint8, or (h, w, 3) uint8 for "picture".
        area: where it lies in the frame.
    """

    kind: Literal["classes", "instances", "strength", "picture"]
    pixels: np.ndarray
    area: Area


def make_layer(frame: Frame, outcome: Outcome | None) -> Layer | None:
    """The layer of an outcome; None where only boxes or words are drawn."""
    if isinstance(outcome, ClassMap):
        return Layer("classes", outcome.ids, outcome.area)
    if isinstance(outcome, EdgeMap):
        return Layer("strength", outcome.strength, outcome.area)
    if isinstance(outcome, NormalMap):
        return Layer("picture", outcome.colours, outcome.area)
    if isinstance(outcome, Restored):
        return Layer("picture", outcome.image, outcome.area)
    if isinstance(outcome, Detections) and outcome.masks is not None and len(outcome):
        whole = (0.0, 0.0, float(frame.width), float(frame.height))
        return Layer("instances", instance_ids(outcome, frame.height, frame.width), whole)
    return None


def object_colours() -> np.ndarray:
    """uint8, (255, 3), RGB by class of object; the same that pictures of the evaluation have."""
    from engine.tasks.dense.colours import class_colours

    return class_colours()[1:]


def colour_of(outcome: Outcome, class_id: int) -> tuple[int, int, int]:
    """The colour in which a class is drawn: it stays the same from picture to picture, and from model to model."""
    return class_colour(first_colour(outcome), class_id)


def first_colour(outcome: Outcome) -> int:
    """Where the outcome's classes begin among the colours: among pixel classes the background is a class, objects begin
    after it."""
    return 0 if isinstance(outcome, ClassMap) and outcome.background == 0 else 1


def class_colour(first: int, class_id: int) -> tuple[int, int, int]:
    """Red, green and blue of a class where those of its kind begin at `first`."""
    from engine.tasks.dense.colours import class_colours

    red, green, blue = class_colours()[first + class_id % 254].tolist()
    return red, green, blue


def colour_table(outcome: Outcome, threshold: float, hidden: Collection[int] = ()) -> np.ndarray:
    """uint8, (256, 4): red, green, blue and opacity for every value of the outcome's layer.

    Args:
        threshold: what is less sure is not seen.
        hidden: class ids that are not shown.
    """
    from engine.tasks.dense.colours import class_colours

    table = np.zeros((256, 4), np.uint8)
    first, colours = first_colour(outcome), class_colours()
    if isinstance(outcome, ClassMap):
        numbers = np.arange(min(256, len(outcome.classes)))
        seen = ~np.isin(numbers, [*hidden, -1 if outcome.background is None else outcome.background])
        table[: len(numbers)] = _tints(colours[first + numbers % 254], seen)
    elif isinstance(outcome, Detections):
        numbers = outcome.class_ids[:MOST]
        seen = (outcome.scores[:MOST] >= threshold) & ~np.isin(numbers, list(hidden))
        table[1 : len(numbers) + 1] = _tints(colours[first + numbers % 254], seen)
    elif isinstance(outcome, EdgeMap):
        table[:, :3] = object_colours()[0]
        values = np.arange(256)
        table[:, 3] = np.where(values >= max(threshold, 0.02) * 255, values, 0)
    return table


def _tints(colours: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(n, 4): the colours (n, 3) with the opacity of a tint where they are seen."""
    return np.concatenate([colours, np.where(seen, round(255 * STRENGTH), 0)[:, None]], axis=1)
