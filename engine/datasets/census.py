"""How often every class occurs in a set of pictures, by objects, pixels or pictures. Never imports torch."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.annotation import BACKGROUND, IGNORE
from engine.datasets.base import PictureSet
from engine.datasets.unread import evenly
from engine.errors import BadInput
from engine.events import Emit, Progress

Unit = Literal["boxes", "pixels", "pictures"]

MOST_MASKS = 2000
"""Pictures whose pixels are counted at most, at even distances: their shares change little with more."""
_TOLD = 50  # pictures between two reports of progress


@dataclass(frozen=True, eq=False)
class Census:
    """What some pictures show. One row for each class that a picture shows.

    Attributes:
        unit: what `amount` counts: objects, pixels, or the picture itself.
        classes: how many there are.
        looked: int64, ascending: indices of the pictures that were counted.
        picture, label, amount: int64, (R,): the picture's index, the class, and how much of it; by picture, ascending.
        background: pixels of no class; 0 for other units.
    """

    unit: Unit
    classes: int
    looked: np.ndarray
    picture: np.ndarray
    label: np.ndarray
    amount: np.ndarray
    background: int = 0

    def amounts(self, part: np.ndarray | None = None) -> np.ndarray:
        """int64, (classes, 3): objects, pixels or pictures of every class in training, validation and test.

        Args:
            part: int8, (N,), 0 to 2, or -1 for what is left out; without it all stand in the first column.
        """
        return self._sums(self.amount, part)

    def holders(self, part: np.ndarray | None = None) -> np.ndarray:
        """int64, (classes, 3): pictures that show every class."""
        return self._sums(np.ones_like(self.amount), part)

    def holding(self, label: int) -> np.ndarray:
        """int64, ascending: indices of the pictures that show a class."""
        return self.picture[self.label == label]

    def of(self, index: int) -> tuple[tuple[int, int], ...]:
        """The classes that a picture shows, each with its amount."""
        start, stop = np.searchsorted(self.picture, (index, index + 1))
        return tuple(zip(self.label[start:stop].tolist(), self.amount[start:stop].tolist(), strict=True))

    def _sums(self, amount: np.ndarray, part: np.ndarray | None) -> np.ndarray:
        where = np.zeros(len(self.picture), np.int64) if part is None else part[self.picture].astype(np.int64)
        used = where >= 0
        found = np.bincount(self.label[used] * 3 + where[used], amount[used], minlength=self.classes * 3)
        return found.astype(np.int64).reshape(self.classes, 3)


def unit_of(needs: Collection[str], gives: Collection[str]) -> Unit | None:
    """What classes are counted by in data that tells `gives`, for a task with these needs.

    None where every picture has one class, or where no classes are known.
    """
    if "boxes" in needs and "boxes" in gives:
        return "boxes"
    if "regions" in needs and "regions" in gives:
        return "pixels"
    if "label" in needs or "labels" not in gives:
        return None
    return "pictures"


def take_census(pictures: PictureSet, unit: Unit, emit: Emit, token: CancelToken) -> Census:
    """Count what the pictures show; those whose annotation cannot be read are passed over.

    Raises:
        JobCancelled: the token was set.
    """
    looked = evenly(len(pictures), MOST_MASKS) if unit == "pixels" else np.arange(len(pictures))
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    background = 0
    for done, index in enumerate(looked.tolist()):
        token.raise_if_cancelled()
        if done % _TOLD == 0:
            emit(Progress("Counting what the pictures show", done, len(looked)))
        try:
            found = _counted(pictures, index, unit)
        except BadInput:
            # The list of broken files says so.
            found = np.zeros(0, np.int64)
        if unit == "pixels":
            background += int(found[:1].sum())
            found = found[1:]
        classes = np.flatnonzero(found)
        rows.append((classes, found[classes]))
    sizes = [len(classes) for classes, _ in rows]
    nothing = np.zeros(0, np.int64)
    return Census(
        unit,
        len(pictures.classes),
        looked,
        np.repeat(looked, sizes),
        np.concatenate([classes for classes, _ in rows] or [nothing]),
        np.concatenate([amounts for _, amounts in rows] or [nothing]),
        background,
    )


def _counted(pictures: PictureSet, index: int, unit: Unit) -> np.ndarray:
    """int64: how much of each class a picture shows; of pixels, the background comes first."""
    count = len(pictures.classes)
    if unit == "boxes":
        return np.bincount(pictures.object_labels(index), minlength=count)[:count]
    known = pictures.annotation(index)
    if unit == "pictures":
        return np.bincount(np.array(known.labels or (), np.int64), minlength=count)[:count]
    if known.regions is None:
        return np.zeros(0, np.int64)
    found = np.bincount(known.regions.reshape(-1), minlength=IGNORE + 1)
    found[IGNORE] = 0
    assert BACKGROUND == 0
    return found[: count + 1]
