"""Marks made on a picture as its pixels lie in the file, for pictures that the camera says must be turned.

Every picture is shown upright here. Many tools look at a photograph's pixels only and not at its EXIF orientation. The
width and height that they tell are then those of the picture lying on its side, by which they are known.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from engine.datasets.annotation import Ring
from engine.datasets.formats.boxes import Box

MARKED_LYING = (
    "The picture is turned by its EXIF orientation, and was marked as it lies in the file; the marks were turned."
)
"""What is said where marks were turned."""
_ORIENTATION = 0x0112


def quarter_turn(path: Path, size: tuple[int, int], told: tuple[float | None, float | None]) -> int:
    """The EXIF orientation, 5 to 8, by which marks must be turned to fit a picture; 0 where they fit as they are.

    Args:
        size: width and height of the picture upright.
        told: those for which the marks were made.
    """
    if told == size or told != size[::-1]:
        return 0
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            orientation = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        return 0
    return orientation if 5 <= orientation <= 8 else 0


def turned_points(points: np.ndarray, orientation: int, size: tuple[int, int]) -> np.ndarray:
    """Points (P, 2) of a picture on its side as places upright.

    Args:
        size: width and height of the picture upright.
    """
    width, height = size
    x, y = points[:, 0], points[:, 1]
    across = y if orientation in (5, 8) else width - y
    down = x if orientation in (5, 6) else height - x
    return np.stack([across, down], axis=1)


def turned_box(box: Box, orientation: int, size: tuple[int, int]) -> Box:
    """A box of a picture on its side as one upright."""
    corners = turned_points(np.array(box, np.float64).reshape(2, 2), orientation, size)
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return x1, y1, x2, y2


def turned_rings(rings: tuple[Ring, ...], orientation: int, size: tuple[int, int]) -> tuple[Ring, ...]:
    """Outlines of a picture on its side as ones upright."""
    return tuple(turned_points(ring, orientation, size) for ring in rings)


def turned_map(values: np.ndarray, orientation: int) -> np.ndarray:
    """A map (H, W) of a picture on its side as one upright, (W, H)."""
    return np.ascontiguousarray(
        {
            5: lambda: values.T,
            6: lambda: np.rot90(values, -1),
            7: lambda: np.rot90(values, 2).T,
            8: lambda: np.rot90(values),
        }[orientation]()
    )
