"""Outlines of masks: along the pixels' edges, as COCO's own tools read them."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from engine.inference.masks import over_box, polygons

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")

FULL = np.full((28, 28), 255, np.uint8)


def area(ring: list[float]) -> float:
    """By the surveyor's formula."""
    x, y = np.array(ring).reshape(-1, 2).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def filled(rings: list[list[float]], height: int, width: int) -> np.ndarray:
    """By COCO's own tools."""
    coded = coco_mask.merge(coco_mask.frPyObjects(rings, height, width))
    return np.asarray(coco_mask.decode(coded)).astype(bool)


def whole(mask: np.ndarray, box: np.ndarray, height: int, width: int) -> np.ndarray:
    there = np.zeros((height, width), bool)
    rows, columns, inside = over_box(mask, box, height, width)
    there[rows, columns] = inside
    return there


def test_a_rectangle_has_the_area_of_its_pixels() -> None:
    (ring,) = polygons(FULL, np.array([10, 20, 38, 48], np.float32))
    assert sorted(zip(ring[::2], ring[1::2], strict=True)) == [(10, 20), (10, 48), (38, 20), (38, 48)]
    assert area(ring) == 28 * 28
    # The left half of it, and a single pixel.
    half = FULL.copy()
    half[:, 14:] = 0
    (ring,) = polygons(half, np.array([10, 20, 38, 48], np.float32))
    assert area(ring) == 14 * 28
    dot = np.zeros((28, 28), np.uint8)
    dot[5, 7] = 255
    (ring,) = polygons(dot, np.array([0, 0, 28, 28], np.float32))
    assert sorted(zip(ring[::2], ring[1::2], strict=True)) == [(7, 5), (7, 6), (8, 5), (8, 6)]


@pytest.mark.parametrize("seed", range(6))
def test_filling_the_outlines_gives_the_mask_back(seed: int) -> None:
    """With holes, several parts, and parts that touch at a corner."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    rough = gaussian_filter(rng.standard_normal((28, 28)), 1.2 if seed % 2 else 0.6)
    mask = np.where(rough > 0, 255, 0).astype(np.uint8)
    box = np.array([12.3, 7.8, 12.3 + 28 * (seed + 1) / 2, 7.8 + 60], np.float32)
    wanted = whole(mask, box, 90, 130)
    assert wanted.any()
    assert np.array_equal(filled(polygons(mask, box), 90, 130), wanted)


def test_a_ring_keeps_its_hole_and_parts_stay_apart() -> None:
    mask = np.zeros((28, 28), np.uint8)
    mask[2:12, 2:12] = 255
    mask[5:9, 5:9] = 0
    mask[20:24, 20:24] = 255
    rings = polygons(mask, np.array([0, 0, 28, 28], np.float32))
    assert sorted(area(ring) for ring in rings) == [16, 100 - 16]
    assert polygons(np.zeros((28, 28), np.uint8), np.array([0, 0, 28, 28], np.float32)) == []
