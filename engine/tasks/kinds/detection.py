"""Boxes around objects, each with a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.tasks.base import TASKS
from engine.tasks.detection.task import ObjectTask


@TASKS.register("detection")
class Detection(ObjectTask):
    """Boxes with classes and scores, learned by the loss of the network's family: see `engine.tasks.detection`."""

    label: ClassVar[str] = "Detection"
    help: ClassVar[str] = "Find every object: a box around it and what it is."
    needs: ClassVar[tuple[str, ...]] = ("boxes",)
    headline: ClassVar[str] = "map"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "map": ("mAP 50–95", "share"),
        "map50": ("mAP 50", "share"),
        "map75": ("mAP 75", "share"),
        "recall": ("average recall", "share"),
    }
