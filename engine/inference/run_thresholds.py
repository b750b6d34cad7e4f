"""Telling the layers of a detector that choose boxes from which score on anything interests a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

USUAL = 0.3
LEAST = 0.01
"""A network at the beginning of its training says nothing louder, and a person may want to see what it thinks."""


def listen_to_threshold(model: nn.Module) -> list[Callable[[float], None]]:
    """Functions that set the score threshold of every layer in the model that has one.

    Suppression goes from the surest box down, so a higher threshold before it leaves out less sure boxes and changes
    none of the others.
    """

    from engine.modules import detection_suppression as layers

    # Not among them: proposals, whose score says how likely there is anything at all.
    choosing = (
        layers.RegionDetections,
        layers.LevelDetections,
        layers.ClassDetections,
        layers.PointDetections,
        layers.GridDetections,
    )

    def listener(module: nn.Module) -> Callable[[float], None]:
        return lambda threshold: setattr(module, "score_threshold", max(LEAST, threshold))

    return [listener(module) for module in model.modules() if isinstance(module, choosing)]
