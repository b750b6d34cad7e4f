"""Average precision as COCO measures it, by torchmetrics with faster-coco-eval. Never imports torch when imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch

if TYPE_CHECKING:
    from torch import Tensor

OVERLAPS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
"""Written out in double precision as pycocotools does: torchmetrics' own, in single precision, lie beside a tenth."""
MOST = 100
"""Answers of a class in a picture that count, the surest first."""

NAMES = {"map": "map", "map_50": "map50", "map_75": "map75", f"mar_{MOST}": "recall"}


@dataclass(frozen=True, eq=False)
class ClassCurve:
    """One class of a full measurement; NaN where nothing is defined.

    Attributes:
        number: the class.
        objects: how many there are.
        precision: float64 (10, 101), for each overlap of `OVERLAPS` and recall of `RECALLS`.
        scores: float64 (10, 101), the score from which on answers give that recall.
    """

    number: int
    objects: int
    precision: np.ndarray
    scores: np.ndarray

    def average(self, overlap: float | None = None) -> float:
        """AP at one overlap, or over all of 0.50 to 0.95."""
        rows = self.precision if overlap is None else self.precision[[int(np.abs(OVERLAPS - overlap).argmin())]]
        return float(rows.mean()) if np.isfinite(rows).all() else math.nan


class BoxMeter(Meter):
    """Average precision of boxes, and of masks where it is told to look at them.

    mAP is the mean over the classes, and "map" also over overlaps of 0.50 to 0.95 in steps of 0.05 (COCO). Objects of
    which no pixel is known are left out where masks are measured: to find them is neither right nor wrong.

    Args:
        masks: measure the masks, too; their measures begin with "mask_".
        full: keep what `curves` needs.
    """

    def __init__(self, *, masks: bool = False, full: bool = False) -> None:
        from torchmetrics.detection import MeanAveragePrecision

        self.masks = masks
        self.full = full
        self.count = 0
        self._objects: dict[int, int] = {}
        self._done: Mapping[str, Any] | None = None
        self._metric = MeanAveragePrecision(
            iou_type=("bbox", "segm") if masks else "bbox",
            iou_thresholds=OVERLAPS.tolist(),
            rec_thresholds=RECALLS.tolist(),
            max_detection_thresholds=[1, 10, MOST],
            extended_summary=full,
            backend="faster_coco_eval",
            sync_on_compute=False,
        )
        self._metric.warn_on_many_detections = False

    def add(self, answers: Answers, batch: Batch) -> None:
        found = {name: tensor.detach().cpu() for name, tensor in answers.items()}
        targets = ("boxes", "box_labels", "instances") if self.masks else ("boxes", "box_labels")
        truth = {name: batch.targets[name].cpu() for name in targets}
        height, width = batch.inputs[0].shape[-2:]
        said, wanted = [], []
        for row in range(len(batch)):
            said.append(self._said({name: tensor[row] for name, tensor in found.items()}, height, width))
            wanted.append(self._wanted({name: tensor[row] for name, tensor in truth.items()}))
        self._metric.update(said, wanted)
        self.count += len(batch)
        self._done = None

    def _said(self, found: Mapping[str, Tensor], height: int, width: int) -> dict[str, Tensor]:
        from engine.tasks.detection.masks import pasted

        keep = found["labels"] >= 0
        boxes = found["boxes"][keep].float()
        one = {"boxes": boxes, "scores": found["scores"][keep].float(), "labels": found["labels"][keep].long()}
        if self.masks:
            one["masks"] = pasted(found["masks"][keep].float(), boxes, height, width)
        return one

    def _wanted(self, truth: Mapping[str, Tensor]) -> dict[str, Tensor]:
        from engine.tasks.detection.masks import shown

        keep = truth["box_labels"] >= 0
        labels = truth["box_labels"][keep].long()
        one = {"boxes": truth["boxes"][keep].float(), "labels": labels}
        seen = labels >= 0
        if self.masks:
            one["masks"] = shown(truth["instances"], len(keep))[keep]
            seen = one["masks"].flatten(1).any(1)
            one["iscrowd"] = (~seen).long()
        for label in labels[seen].tolist():
            self._objects[label] = self._objects.get(label, 0) + 1
        return one

    def _computed(self) -> Mapping[str, Any]:
        if self._done is None:
            self._done = self._metric.compute() if self.count else {}
        return self._done

    def result(self) -> Mapping[str, float]:
        found: dict[str, float] = {}
        kinds = (("mask_", "segm_"), ("", "bbox_")) if self.masks else (("", ""),)
        for ours, theirs in kinds:
            for name, short in NAMES.items():
                value = float(self._computed().get(f"{theirs}{name}", -1))
                if value >= 0:
                    found[f"{ours}{short}"] = value
        return found

    def curves(self, masks: bool = False) -> tuple[ClassCurve, ...]:
        """Precision over recall of every class that there is, for boxes or masks; () unless `full`."""
        prefix = ("segm_" if masks else "bbox_") if self.masks else ""
        found = self._computed()
        if f"{prefix}precision" not in found:
            return ()
        classes = np.atleast_1d(found["classes"].numpy()).tolist()
        made = []
        for place, number in enumerate(classes):
            pair = [found[f"{prefix}{name}"][:, :, place, 0, -1].double().numpy() for name in ("precision", "scores")]
            precision, scores = (np.where(values < 0, np.nan, values) for values in pair)
            made.append(ClassCurve(int(number), self._objects.get(int(number), 0), precision, scores))
        return tuple(made)
