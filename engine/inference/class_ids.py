"""From the scores of many classes to a map of classes, without enlarging what cannot win. Never imports torch."""

from __future__ import annotations

import numpy as np

LONGEST = 320
"""A map of classes is at most so long, in pixels: a person sees no difference, and it is a quarter of the work."""

_CELLS = 4096  # looked at together


def map_size(height: int, width: int, longest: int = LONGEST) -> tuple[int, int]:
    """(height, width) of the map for a network's input of that size."""
    shrink = min(1.0, longest / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def class_ids(scores: np.ndarray, height: int, width: int) -> np.ndarray:
    """The class with the highest score at every place, uint8 (height, width).

    Args:
        scores: float32 (h, w, C), at any resolution; they are enlarged bilinearly.
        height, width: of the map.

    Taking the maximum over 21 enlarged maps costs as much as the network. Here only classes take part that can win
    somewhere: between four places of the coarse map a class that one of their winners exceeds at all four cannot.
    """
    from engine.opencv import cv2

    coarse = scores.argmax(axis=2)
    if coarse.shape == (height, width):
        return coarse.astype(np.uint8)
    ids, best = np.zeros((height, width), np.uint8), None
    for k in _contenders(scores, coarse):
        plane = np.asarray(
            cv2.resize(np.ascontiguousarray(scores[:, :, k]), (width, height), interpolation=cv2.INTER_LINEAR)
        )
        if best is None:
            ids[:], best = k, plane
            continue
        ids[plane > best] = k
        np.maximum(best, plane, out=best)
    return ids


def _contenders(scores: np.ndarray, winners: np.ndarray) -> list[int]:
    """The classes that win at some place of (h, w, C) scores or may win between its places, ascending."""
    count = scores.shape[2]
    there = np.bincount(winners.ravel(), minlength=count) > 0
    if there.sum() == 1:
        return np.flatnonzero(there).tolist()
    tall, wide = winners.shape
    # The four corners of every cell between places; a map of one row or column has cells of two.
    corners = [(y, x) for y in (0, min(1, tall - 1)) for x in (0, min(1, wide - 1))]
    rows, columns = max(1, tall - 1), max(1, wide - 1)
    first = winners[:rows, :columns]
    mixed = np.zeros((rows, columns), bool)
    for y, x in corners[1:]:
        mixed |= winners[y : y + rows, x : x + columns] != first
    ys, xs = np.nonzero(mixed)
    for start in range(0, len(ys), _CELLS):
        above, left = ys[start : start + _CELLS], xs[start : start + _CELLS]
        values = np.stack([scores[above + y, left + x] for y, x in corners])  # (4, cells, C)
        beaten = np.zeros(values.shape[1:], bool)
        for y, x in corners:
            rival = values[:, np.arange(len(above)), winners[above + y, left + x]]  # (4, cells)
            beaten |= (values < rival[:, :, None]).all(axis=0)
        there |= ~beaten.all(axis=0)
        if there.all():
            break
    return np.flatnonzero(there).tolist()
