"""What can be said of a dataset's pictures without a network: size, identity, and whether they can be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.datasets.base import Fault, PictureSet, SeriesSet
from engine.errors import BadInput


@dataclass(frozen=True)
class Examination:
    """One row per picture of a `PictureSet`.

    Attributes:
        sizes: int32, (N, 2), width and height in pixels; 0 for unreadable pictures.
        digests: uint64, (N, 2), equal for pictures with the same pixels; 0 for unreadable pictures.
        readable: bool, (N,).
        faults: what is wrong with the unreadable ones.
    """

    sizes: np.ndarray
    digests: np.ndarray
    readable: np.ndarray
    faults: tuple[Fault, ...]

    @cached_property
    def twins(self) -> np.ndarray:
        """int64, (N,): the same number for identical pictures, each unreadable picture alone."""
        distinct = self.digests.copy()
        broken = np.flatnonzero(~self.readable)
        distinct[broken, 0] = broken.astype(np.uint64)
        # Not `np.unique` by rows: it compares as records, which holds the interpreter's lock and stalls a window.
        order = np.lexsort((distinct[:, 1], distinct[:, 0]))
        rows = distinct[order]
        fresh = np.any(rows[1:] != rows[:-1], axis=1)
        numbers = np.zeros(len(rows), np.int64)
        numbers[order[1:]] = np.cumsum(fresh)
        return numbers


class Examiner:
    """Looks at the pictures of a set one by one and keeps what it saw."""

    def __init__(self, pictures: PictureSet) -> None:
        self._pictures = pictures
        self._sizes = np.zeros((len(pictures), 2), np.int32)
        self._digests = np.zeros((len(pictures), 2), np.uint64)
        self._readable = np.zeros(len(pictures), bool)
        self._faults: list[Fault] = []

    def look(self, index: int) -> np.ndarray | None:
        """Return the picture, uint8, (H, W, 3), or None if it can't be read, which is noted."""
        try:
            picture = self._pictures.picture(index)
        except BadInput as error:
            self._faults.append(Fault(self._pictures.names[index], error.what))
            return None
        self._sizes[index] = picture.shape[1], picture.shape[0]
        self._digests[index] = digest(picture)
        self._readable[index] = True
        return picture

    def finish(self) -> Examination:
        """What was seen of all pictures looked at."""
        return Examination(self._sizes, self._digests, self._readable, tuple(self._faults))


def digest(picture: np.ndarray) -> np.ndarray:
    """uint64, (2,): a fingerprint of the pixels and the size, whatever the file format was."""
    code = hashlib.blake2b(repr(picture.shape).encode(), digest_size=16)
    code.update(np.ascontiguousarray(picture).data)
    return np.frombuffer(code.digest(), np.uint64)


def examine_series(series: SeriesSet) -> Examination:
    """The same for sequences, which are all readable; `sizes` are 0."""
    count = len(series)
    digests = np.array([digest(row) for row in series.inputs], np.uint64).reshape(count, 2)
    return Examination(np.zeros((count, 2), np.int32), digests, np.ones(count, bool), ())
