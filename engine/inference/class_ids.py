"""From the scores of many classes to a map of classes, without enlarging what cannot win. Never imports torch."""

from __future__ import annotations

import numpy as np

LONGEST = 320
"""A map of classes is at most so long, in pixels: a person sees no difference, and it is a quarter of the work."""


def map_size(height: int, width: int, longest: int = LONGEST) -> tuple[int, int]:
    """(height, width) of the map for a network's input of that size."""
    shrink = min(1.0, longest / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def class_ids(scores: np.ndarray, height: int, width: int) -> np.ndarray:
    """The class with the highest score at every place, uint8 (height, width).

    Args:
        scores: float32 (h, w, C), at any resolution; they are enlarged bilinearly.
        height, width: of the map.

    Taking the maximum over 21 enlarged maps costs as much as the network. Here only classes that win somewhere before
    the enlarging take part: between two places of the coarse map a class can win only if it comes close at both, and
    one that wins nowhere almost never does.
    """
    from engine.opencv import cv2

    coarse = scores.argmax(axis=2)
    present = np.flatnonzero(np.bincount(coarse.ravel(), minlength=scores.shape[2]))
    if len(present) == 1:
        return np.full((height, width), present[0], np.uint8)
    if coarse.shape == (height, width):
        return coarse.astype(np.uint8)
    ids = np.full((height, width), present[0], np.uint8)
    best: np.ndarray | None = None
    for k in present.tolist():
        plane = np.asarray(
            cv2.resize(np.ascontiguousarray(scores[:, :, k]), (width, height), interpolation=cv2.INTER_LINEAR)
        )
        if best is None:
            best = plane
            continue
        ids[plane > best] = k
        np.maximum(best, plane, out=best)
    return ids
