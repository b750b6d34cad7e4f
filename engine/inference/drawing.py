"""A drawing of the scribble pad brought into the form that the pictures of a dataset have. Never imports torch.

A network that learned from scanned digits knows them in one size, place and thickness. What a mouse draws has none of
these, so each dataset of writing registers how its own pictures were made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.registry import Registry

STYLES: Registry[Callable[[np.ndarray], np.ndarray]] = Registry("style of drawing")
"""By dataset id: a function from ink, (H, W) bool, to a picture like the dataset's, (h, w) uint8."""

# The digits' 32×32 scans are filled from top to bottom, mostly at most 24 columns wide, and ink covers 0.306 of them
# whatever the digit (the means over all 1,797 pictures: 303 for a seven to 330 for an eight, of 1,024). Drawings are
# read right more often when they are a little narrower and thicker than that: chosen with three networks on drawings of
# 37 forms, above all for the seven without a bar, which few of the dataset's writers wrote.
_FINE = 128
_CELLS = 8
_WIDEST = 0.7
_COVER = 0.35


def like_dataset(image: np.ndarray, dataset: str) -> np.ndarray:
    """Return the drawing as the dataset would hold it: uint8, (H, W, 3), RGB.

    Args:
        image: (H, W, 3) uint8, dark ink on light paper or light ink on dark.
        dataset: id of the dataset that the network learned from; a drawing for one without a style stays as it is.
    """
    ink = find_ink(image)
    if dataset not in STYLES or not ink.any():
        return np.ascontiguousarray(image[:, :, ::-1])
    grey = STYLES.get(dataset)(ink)
    return np.repeat(grey[:, :, None], 3, axis=2)


def find_ink(image: np.ndarray) -> np.ndarray:
    """Where the drawing differs from its paper, (H, W) bool. The paper is as light as most of the picture's edge."""
    grey = image.mean(axis=2)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return np.asarray(np.abs(grey - np.median(edge)) > 96)


@STYLES.register("digits")
def like_digits(ink: np.ndarray) -> np.ndarray:
    """8×8 as in Alpaydin and Kaynak's digits: filled from top to bottom, centred, and about as much ink as theirs.

    The strokes are made thicker or thinner until the ink covers that share of the picture, whatever the pen was; the
    mean of each cell of the fine picture is one pixel.
    """
    near = _distance_to_ink(_fitted(ink, 64, 64))
    low, high = -8.0, 24.0
    fine = np.zeros((_FINE, _FINE), bool)
    for _ in range(9):
        middle = (low + high) / 2
        stroke = near <= middle
        fine = _fitted(stroke, _FINE, round(_FINE * _WIDEST)) if stroke.any() else np.zeros_like(fine)
        low, high = (middle, high) if fine.mean() < _COVER else (low, middle)
    size = _FINE // _CELLS
    cells = fine.reshape(_CELLS, size, _CELLS, size).mean(axis=(1, 3))
    return np.rint(np.rint(cells * 16) * (255 / 16)).astype(np.uint8)


@STYLES.register("mnist")
def like_mnist(ink: np.ndarray) -> np.ndarray:
    """28×28 as in MNIST: fitted into 20×20 with its proportions kept, and its centre of mass in the middle."""
    from engine.opencv import cv2

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    scale = 20 / max(part.shape)
    size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    small = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    ys, xs = np.indices(small.shape)
    total = float(small.sum())
    shift = (13.5 - float((xs * small).sum()) / total, 13.5 - float((ys * small).sum()) / total)
    place = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    canvas = cv2.warpAffine(small, place, (28, 28), flags=cv2.INTER_LINEAR)
    return np.clip(np.rint(canvas / max(float(canvas.max()), 1e-6) * 255), 0, 255).astype(np.uint8)


def _distance_to_ink(ink: np.ndarray) -> np.ndarray:
    """Pixels from the edge of the ink, negative inside it; with room around for strokes to grow into."""
    from engine.opencv import cv2

    padded = np.pad(ink, 26).astype(np.uint8)
    outside = cv2.distanceTransform(1 - padded, cv2.DIST_L2, 5)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    return np.asarray(outside - inside)


def _fitted(ink: np.ndarray, height: int, widest: int) -> np.ndarray:
    """The inked part enlarged to the whole height, at most `widest` wide, centred on a square; (height, height) bool.

    Writing that is wider than high, such as a dash, is fitted by its width instead of being pulled upright.
    """
    from engine.opencv import cv2

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.uint8) * 255
    tall, wide = part.shape
    new_tall = height if wide <= 1.5 * tall else max(1, round(widest * tall / wide))
    new_wide = min(widest, max(1, round(wide * new_tall / tall))) if wide <= 1.5 * tall else widest
    resized = cv2.resize(part, (new_wide, new_tall), interpolation=cv2.INTER_LINEAR) > 127
    canvas = np.zeros((height, height), bool)
    top, left = (height - new_tall) // 2, (height - new_wide) // 2
    canvas[top : top + new_tall, left : left + new_wide] = resized
    return canvas
