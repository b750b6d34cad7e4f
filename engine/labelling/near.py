"""Pictures that are nearly the same, such as two moments of one film, found by a difference hash.

A picture is shrunk to 9×8 greys, each the mean of its area, and each of the 64 bits says whether a grey is darker than
the one right of it (dHash: N. Krawetz, "Kind of like that", 2013). The hash hardly changes when a picture is resized,
compressed or brightened, so few different bits mean one picture twice. Since all nearly flat pictures have the same
hash, their mean colours must be alike too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.pictures import load_picture
from engine.errors import BadInput
from engine.events import Emit, Progress

NEAR = 5
"""Different bits of 64 up to which two pictures count as nearly the same."""
_ALIKE = 24.0  # levels of 255 by which the mean colours may differ
_ROWS, _COLUMNS = 8, 9
_SHOWN = 500
_SET = np.array([value.bit_count() for value in range(256)], np.uint8)


@dataclass(frozen=True)
class NearPair:
    """Two files that show nearly the same; `bits` of the 64 differ."""

    first: str
    second: str
    bits: int


def difference_hash(picture: np.ndarray) -> int:
    """64 bits of a picture, uint8, (H, W, 3)."""
    grey = picture.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    small = _area_mean(grey)
    bits = (small[:, :-1] < small[:, 1:]).reshape(-1)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _area_mean(grey: np.ndarray) -> np.ndarray:
    """(8, 9): the mean of each cell of a grid over (H, W), also where cells cut through pixels."""

    def weights(length: int, cells: int) -> np.ndarray:
        edges = np.linspace(0, length, cells + 1)
        starts, ends = edges[:-1, None], edges[1:, None]
        pixels = np.arange(length)[None, :]
        share = np.clip(np.minimum(ends, pixels + 1) - np.maximum(starts, pixels), 0, None)
        return share / share.sum(axis=1, keepdims=True)

    return weights(grey.shape[0], _ROWS) @ grey @ weights(grey.shape[1], _COLUMNS).T


def near_pairs(hashes: np.ndarray, colours: np.ndarray, token: CancelToken) -> list[tuple[int, int, int]]:
    """(i, j, bits) with i < j of all that are near.

    Args:
        hashes: uint64, (N,).
        colours: float, (N, 3), mean colours.
    """
    found: list[tuple[int, int, int]] = []
    for i in range(len(hashes) - 1):
        if i % 256 == 0:
            token.raise_if_cancelled()
        bits = _SET[(hashes[i + 1 :] ^ hashes[i]).view(np.uint8).reshape(-1, 8)].sum(axis=1)
        for offset in np.flatnonzero(bits <= NEAR):
            j = i + 1 + int(offset)
            if np.abs(colours[i] - colours[j]).max() <= _ALIKE:
                found.append((i, j, int(bits[offset])))
    return found


@dataclass(frozen=True)
class FindNearPairs:
    """Compare all pictures with each other; gives a tuple of `NearPair`, the nearest first, 500 at most."""

    folder: Path
    files: tuple[str, ...]

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[NearPair, ...]:
        names: list[str] = []
        hashes: list[int] = []
        colours: list[np.ndarray] = []
        for number, file in enumerate(self.files):
            token.raise_if_cancelled()
            emit(Progress("Comparing pictures", number, len(self.files)))
            try:
                picture = load_picture(self.folder / file, at_least=64)
            except BadInput:
                continue  # the film strip shows it as broken
            names.append(file)
            hashes.append(difference_hash(picture))
            colours.append(picture.reshape(-1, 3).mean(axis=0))
        if not names:
            return ()
        pairs = near_pairs(np.array(hashes, np.uint64), np.array(colours), token)
        pairs.sort(key=lambda pair: pair[2])
        return tuple(NearPair(names[i], names[j], bits) for i, j, bits in pairs[:_SHOWN])
