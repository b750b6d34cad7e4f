"""One-shot accuracy and verification, over all rounds of a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.matching.verification import Verification, verify
from engine.tasks.report import Line, Plot, Table

if TYPE_CHECKING:
    from torch import Tensor


class MatchingMeter(Meter):
    """Gathers the distances of rounds.

    A query belongs to the class whose examples lie nearest on average. Pairs for verification are, of every round,
    the query with the first example of its own class and with the first one of another, so both are equally many.

    Args:
        classes: their names.
        shots: examples of each class in a round.
    """

    def __init__(self, classes: tuple[str, ...], shots: int) -> None:
        self._classes = classes
        self._shots = shots
        self._distances: list[Tensor] = []
        self._same: list[Tensor] = []
        self._labels: list[Tensor] = []

    def add(self, answers: Answers, batch: Batch) -> None:
        self._distances.append(answers["distances"].detach())
        self._same.append(batch.targets["same"])
        self._labels.append(batch.targets["label"])

    def result(self) -> Mapping[str, float]:
        if not self._distances:
            return {}
        measures = {"n_way_accuracy": float(self._right().mean())}
        checked = self._verification()
        if checked is not None:
            measures |= {
                "verification_auc": checked.area,
                "verification_accuracy": checked.accuracy,
                "equal_error": checked.equal_error,
            }
        return measures

    def by_class(self) -> Table:
        """How often queries of each class were taken for the right one."""
        labels, right = _joined(self._labels), self._right()
        rows = tuple(
            (
                self._classes[k] if k < len(self._classes) else str(k),
                int((labels == k).sum()),
                right[labels == k].mean(),
            )
            for k in np.unique(labels).tolist()
        )
        return Table(
            "Queries of each class", ("class", "queries", "right %"), tuple((a, b, float(c)) for a, b, c in rows)
        )

    def curves(self) -> tuple[Plot, ...]:
        """Hits over false alarms when pairs are verified by a threshold on the distance."""
        checked = self._verification()
        if checked is None:
            return ()
        guess = Line("guessing", np.array([0.0, 1.0]), np.array([0.0, 1.0]), dashed=True)
        lines = (Line(f"area {checked.area:.3f}", checked.false_alarms, checked.hits), guess)
        return (Plot("Verification (ROC)", "different pairs taken for the same", "same pairs recognised", lines),)

    def _rounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean distance to the examples of each class, and which class is right: (R, ways) both."""
        distances, same = _joined(self._distances), _joined(self._same)
        shape = (len(distances), -1, self._shots)
        return distances.reshape(shape).mean(2), same.reshape(shape)[:, :, 0] > 0

    def _right(self) -> np.ndarray:
        distances, same = self._rounds()
        return np.asarray(same[np.arange(len(same)), distances.argmin(1)])

    def _verification(self) -> Verification | None:
        distances, same = _joined(self._distances), _joined(self._same) > 0
        every = np.arange(len(same))
        like, unlike = same.argmax(1), (~same).argmax(1)
        pairs = np.concatenate([distances[every, like], distances[every, unlike]])
        truth = np.concatenate([same[every, like], same[every, unlike]])
        return verify(pairs, truth)


def _joined(parts: list[Tensor]) -> np.ndarray:
    import torch

    return torch.cat(parts).cpu().numpy()
