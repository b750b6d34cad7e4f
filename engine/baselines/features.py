"""Features that people made before networks learned their own. Pictures are uint8 (C, H, W), features float32 (F,)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from engine.opencv import cv2

CELLS = 8
"""Cells of HOG along the shorter side; a block is 2×2 of them."""
MOST_SIDE = 32
"""Pixels along a side up to which a picture is taken as it is."""
GRID = 4
"""Fields along a side in which patterns are counted apart."""


def hog(picture: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (Dalal and Triggs 2005): 9 directions, blocks of 2×2 cells, normalised."""
    cell = max(2, min(picture.shape[1:]) // CELLS)
    height, width = (max(2, round(side / cell)) * cell for side in picture.shape[1:])
    channels_last = _resized(np.ascontiguousarray(picture.transpose(1, 2, 0)), height, width)
    return np.asarray(_hog(width, height, cell).compute(channels_last), np.float32).reshape(-1)


@lru_cache(maxsize=4)
def _hog(width: int, height: int, cell: int) -> cv2.HOGDescriptor:
    return cv2.HOGDescriptor((width, height), (2 * cell, 2 * cell), (cell, cell), (cell, cell), 9)


def lbp(picture: np.ndarray) -> np.ndarray:
    """How often each uniform local binary pattern occurs (Ojala et al. 2002), in 4×4 fields: 16 · 59 shares."""
    patterns = lbp_patterns(_grey(picture))
    fields = [field for rows in np.array_split(patterns, GRID) for field in np.array_split(rows, GRID, axis=1)]
    found = [np.bincount(field.reshape(-1), minlength=59) / max(1, field.size) for field in fields]
    return np.concatenate(found).astype(np.float32)


def lbp_patterns(grey: np.ndarray) -> np.ndarray:
    """The pattern of every pixel among its 8 neighbours at distance 1, int64 (H, W), 0..58.

    A neighbour that is at least as bright gives 1; diagonal ones are interpolated. A pattern is uniform when its
    circle of bits changes at most twice; all others share the number 58. Outside of the picture everything is black.

    Args:
        grey: uint8 (H, W).
    """
    height, width = grey.shape
    padded = np.pad(grey.astype(np.float64), 2)
    middle = padded[2:-2, 2:-2]
    code = np.zeros(grey.shape, np.int64)
    for k in range(8):
        angle = 2 * np.pi * k / 8
        down, right = round(-np.sin(angle), 5), round(np.cos(angle), 5)
        top, left = int(np.floor(down)), int(np.floor(right))
        part_y, part_x = down - top, right - left
        corners = [
            padded[2 + top + y : 2 + top + y + height, 2 + left + x : 2 + left + x + width]
            for y in (0, 1)
            for x in (0, 1)
        ]
        upper = corners[0] + part_x * (corners[1] - corners[0])
        lower = corners[2] + part_x * (corners[3] - corners[2])
        # The slack keeps even areas even, whatever interpolating them has rounded.
        code += (upper + part_y * (lower - upper) >= middle - 1e-6).astype(np.int64) << k
    return _uniform()[code]


@lru_cache(maxsize=1)
def _uniform() -> np.ndarray:
    """The number of each of the 256 patterns, int64 (256,)."""
    numbers = np.full(256, 58, np.int64)
    uniform = [code for code in range(256) if bin(code ^ ((code >> 1) | ((code & 1) << 7))).count("1") <= 2]
    numbers[uniform] = np.arange(len(uniform))
    return numbers


def colour(picture: np.ndarray) -> np.ndarray:
    """How often colours occur (Swain and Ballard 1991): 8 hues × 4 saturations × 4 values, or 32 greys, as shares."""
    if len(picture) == 1:
        counts = np.bincount(picture.reshape(-1) >> 3, minlength=32)
    else:
        hsv = cv2.cvtColor(np.ascontiguousarray(picture.transpose(1, 2, 0)), cv2.COLOR_RGB2HSV_FULL)  # 0..255 each
        hue, saturation, value = (hsv[:, :, k].astype(np.int64) for k in range(3))
        counts = np.bincount(((hue >> 5) * 16 + (saturation >> 6) * 4 + (value >> 6)).reshape(-1), minlength=128)
    return (counts / picture[0].size).astype(np.float32)


def pixels(picture: np.ndarray) -> np.ndarray:
    """The pixels themselves, 0..1, of a picture of at most 32×32."""
    height, width = (min(side, MOST_SIDE) for side in picture.shape[1:])
    return (
        _resized(np.ascontiguousarray(picture.transpose(1, 2, 0)), height, width).reshape(-1).astype(np.float32) / 255
    )


EXTRACTORS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"hog": hog, "lbp": lbp, "colour": colour, "pixels": pixels}
"""By the ids of `engine.baselines.spec.FEATURES`."""


def extract(pictures: np.ndarray, features: str) -> np.ndarray:
    """Features of several pictures, float32 (N, F).

    Args:
        pictures: uint8 (N, C, H, W), C = 1 or 3. features: an id.
    """
    return np.stack([EXTRACTORS[features](picture) for picture in pictures])


def _grey(picture: np.ndarray) -> np.ndarray:
    if len(picture) == 1:
        return np.asarray(picture[0])
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY))


def _resized(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W, C) at another size, uint8; (H, W) where C = 1, as OpenCV wants it."""
    from engine.datasets.preprocess import resize

    flat = picture[:, :, 0] if picture.shape[2] == 1 else picture
    return np.ascontiguousarray(resize(np.ascontiguousarray(flat), height, width))
