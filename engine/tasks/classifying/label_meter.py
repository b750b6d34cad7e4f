"""Measures of several labels for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.classifying.curves import Ranked, rank
from engine.tasks.classifying.plots import mean_of

if TYPE_CHECKING:
    from torch import Tensor

LabelRow = tuple[float | None, float | None, float | None, float | None, float | None, int, int]
"""Average precision, area under the ROC curve, precision, recall, F1, pictures with it, pictures where it was found."""


class LabelMeter(Meter):
    """Gathers probabilities and decisions; they stay on the device until they are asked for.

    Args:
        count: of the labels.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._parts: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, answers: Answers, batch: Batch) -> None:
        self._parts.append((answers["probabilities"], answers["labels"], batch.targets["labels"]))

    def _whole(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Probabilities float32, decisions bool and truth bool, (N, K) each."""
        import torch

        if not self._parts:
            empty = np.zeros((0, self._count))
            return empty, empty > 0, empty > 0
        chances, found, truth = (torch.cat(list(part)).float().cpu().numpy() for part in zip(*self._parts, strict=True))
        return chances, found > 0.5, truth > 0.5

    def ranks(self) -> tuple[Ranked, ...]:
        """The pictures ranked for each label."""
        chances, _, truth = self._whole()
        return tuple(rank(truth[:, k], chances[:, k]) for k in range(self._count))

    def result(self) -> Mapping[str, float]:
        """Means go over the labels that occur, for F1 also over those that were found."""
        _, found, truth = self._whole()
        if not len(truth):
            return {}
        hits, said, there = (found & truth).sum(0), found.sum(0), truth.sum(0)
        measures = {
            "mean_average_precision": mean_of([ranked.average_precision for ranked in self.ranks()]),
            "f1_micro": _share(2 * hits.sum(), said.sum() + there.sum()),
            "f1_macro": mean_of([_share(2 * h, s + t) for h, s, t in zip(hits, said, there, strict=True)]),
            "subset_accuracy": float((found == truth).all(1).mean()),
            "hamming": float((found != truth).mean()),
        }
        return {name: value for name, value in measures.items() if value is not None}

    def rows(self) -> tuple[LabelRow, ...]:
        """One row for each label; None where there is nothing to divide by."""
        _, found, truth = self._whole()
        rows: list[LabelRow] = []
        for k, ranked in enumerate(self.ranks()):
            hits, said, there = (int(each[:, k].sum()) for each in (found & truth, found, truth))
            shares = (_share(hits, said), _share(hits, there), _share(2 * hits, said + there))
            rows.append((ranked.average_precision, ranked.area, *shares, there, said))
        return tuple(rows)


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
