"""Objects with their outlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.tasks.base import TASKS
from engine.tasks.detection.task import ObjectTask


@TASKS.register("instances")
class Instances(ObjectTask):
    """Boxes, classes and a mask for every object; the best epoch is the one with the best masks."""

    label: ClassVar[str] = "Instance segmentation"
    help: ClassVar[str] = "Find every object, what it is, and which pixels belong to it."
    needs: ClassVar[tuple[str, ...]] = ("boxes", "instances")
    masks: ClassVar[bool] = True
    headline: ClassVar[str] = "mask_map"
    measures: ClassVar[Mapping[str, tuple[str, str]]] = {
        "mask_map": ("mask mAP 50–95", "share"),
        "mask_map50": ("mask mAP 50", "share"),
        "mask_map75": ("mask mAP 75", "share"),
        "mask_recall": ("average mask recall", "share"),
        "map": ("box mAP 50–95", "share"),
        "map50": ("box mAP 50", "share"),
        "map75": ("box mAP 75", "share"),
        "recall": ("average box recall", "share"),
    }
