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
    from engine.tasks.dense.colours import class_colours

    # Among pixel classes the background is a class; objects begin after it.
    first = 0 if isinstance(outcome, ClassMap) and outcome.background == 0 else 1
    red, green, blue = class_colours()[first + class_id % 254].tolist()
    return red, green, blue


def colour_table(outcome: Outcome, threshold: float, hidden: Collection[int] = ()) -> np.ndarray:
    """uint8, (256, 4): red, green, blue and opacity for every value of the outcome's layer.

    Args:
        threshold: what is less sure is not seen.
        hidden: class ids that are not shown.
    """
    table = np.zeros((256, 4), np.uint8)
    opacity = round(255 * STRENGTH)
    if isinstance(outcome, ClassMap):
        for number in range(min(256, len(outcome.classes))):
            if number != outcome.background and number not in hidden:
                table[number] = (*colour_of(outcome, number), opacity)
    elif isinstance(outcome, Detections):
        for i in range(min(MOST, len(outcome))):
            if outcome.scores[i] >= threshold and int(outcome.class_ids[i]) not in hidden:
                table[i + 1] = (*colour_of(outcome, int(outcome.class_ids[i])), opacity)
    elif isinstance(outcome, EdgeMap):
        table[:, :3] = object_colours()[0]
        values = np.arange(256)
        table[:, 3] = np.where(values >= max(threshold, 0.02) * 255, values, 0)
    return table
