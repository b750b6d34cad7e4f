"""Measures of pixel classes, from one matrix of counts that grows by every batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.annotation import IGNORE
from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.sizes import middle_of

if TYPE_CHECKING:
    from torch import Tensor


class RegionMeter(Meter):
    """Counts which class every labelled pixel was taken for.

    Args:
        classes: pixel classes, the background included.
        each: whether every picture's own mean IoU is kept, too.
    """

    def __init__(self, classes: int, each: bool = False) -> None:
        self._classes = classes
        self._counts: Tensor | None = None  # (C, C) int64, on the device of the answers
        self._each: list[float] | None = [] if each else None

    def add(self, answers: Answers, batch: Batch) -> None:
        found = answers["regions"]
        truth = middle_of(batch.targets["regions"], found)
        rows = count_pairs(truth, found, self._classes)  # (N, C, C)
        counts = rows.sum(0)
        self._counts = counts if self._counts is None else self._counts + counts
        if self._each is not None:
            # The means alone, since matrices of many classes would fill the memory.
            self._each += [mean_of(class_iou(one)) for one in rows.cpu().numpy()]

    @property
    def counts(self) -> np.ndarray:
        """int64, (C, C): rows are the truth, columns what it was taken for."""
        if self._counts is None:
            return np.zeros((self._classes, self._classes), np.int64)
        return self._counts.cpu().numpy()

    def result(self) -> Mapping[str, float]:
        return region_measures(self.counts)

    def of_pictures(self) -> np.ndarray:
        """float64, (N,): the mean IoU of every picture over the classes in it; NaN where no pixel is labelled."""
        return np.array(self._each or [], np.float64)


def count_pairs(truth: Tensor, found: Tensor, classes: int) -> Tensor:
    """int64, (N, C, C): for each picture the labelled pixels of every class (rows) by what they were taken for."""
    import torch

    labelled = (truth != IGNORE) & (truth < classes)
    picture = torch.arange(len(truth), device=truth.device).view(-1, *[1] * (truth.ndim - 1))
    places = (picture * classes + truth.long()) * classes + found.long()
    counts = torch.bincount(places[labelled], minlength=len(truth) * classes * classes)
    return counts.view(len(truth), classes, classes)


def class_iou(counts: np.ndarray) -> np.ndarray:
    """float64, (C,): TP / (TP + FP + FN) of every class; NaN for one that is neither there nor found."""
    right, there, found = _parts(counts)
    return _divided(right, there + found - right)


def class_dice(counts: np.ndarray) -> np.ndarray:
    """float64, (C,): 2·TP / (2·TP + FP + FN), which is also F1; NaN for a class that is neither there nor found."""
    right, there, found = _parts(counts)
    return _divided(2 * right, there + found)


def class_precision(counts: np.ndarray) -> np.ndarray:
    """float64, (C,): share of the pixels taken for a class that are of it."""
    right, _, found = _parts(counts)
    return _divided(right, found)


def class_recall(counts: np.ndarray) -> np.ndarray:
    """float64, (C,): share of a class's pixels that were taken for it."""
    right, there, _ = _parts(counts)
    return _divided(right, there)


def region_measures(counts: np.ndarray) -> dict[str, float]:
    """Pixel accuracy, and the plain means of IoU and Dice over the classes that are there or were found."""
    if not counts.sum():
        return {}
    return {
        "mean_iou": mean_of(class_iou(counts)),
        "dice": mean_of(class_dice(counts)),
        "pixel_accuracy": float(np.trace(counts) / counts.sum()),
    }


def mean_of(values: np.ndarray) -> float:
    """The mean of those that are defined, NaN without any."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _parts(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = counts.astype(np.float64)
    return np.diag(counts), counts.sum(1), counts.sum(0)


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
