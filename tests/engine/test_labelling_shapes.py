"""Where shapes are, against other people's geometry, and run lengths against plain arrays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from engine.labelling import runs, shapes
from engine.labelling.spec import Box, Mask, Point, Polygon

patient = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
masks = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32)).map(
    lambda it: np.random.default_rng(it[2]).random(it[:2]) < np.random.default_rng(it[2] + 1).random()
)
rings = st.lists(st.tuples(st.floats(-3, 23), st.floats(-3, 18)), min_size=3, max_size=8).map(
    # Corners on the grid of centres leave it open to which side a pixel belongs.
    lambda corners: tuple((round(x, 2) + 0.001, round(y, 2) + 0.001) for x, y in corners)
)


@patient
@given(masks)
def test_runs_come_back_from_text_as_they_were(mask: np.ndarray) -> None:
    lengths = runs.encode(mask)
    assert lengths[0] == (0 if mask.flat[0] else np.argmax(mask) if mask.any() else mask.size)
    assert runs.from_text(runs.to_text(lengths), mask.size) == lengths
    assert np.array_equal(runs.decode(lengths, *mask.shape), mask)


def test_a_large_round_mask_takes_little_more_than_a_letter_for_each_run() -> None:
    y, x = np.mgrid[:1500, :2000]
    lengths = runs.encode((x - 1000) ** 2 + (y - 750) ** 2 < 600**2)
    assert len(runs.to_text(lengths)) < 1.2 * len(lengths)


@pytest.mark.parametrize(
    "text", ["", "!", "2", "zzzzzzzzz", "w", "00", "0", "ä", runs.to_text((3, 3)), runs.to_text((2, 2, 1))]
)
def test_text_that_does_not_fill_the_mask_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="runs"):
        runs.from_text(text, 4)


@patient
@given(st.lists(rings, min_size=1, max_size=3))
def test_pixels_of_outlines_are_those_whose_centres_lie_inside_an_odd_number_of_rings(outline: list) -> None:
    height, width = 15, 20
    y, x = np.mgrid[:height, :width] + 0.5
    centres = np.stack([x.ravel(), y.ravel()], axis=1)
    odd = sum(points_in_poly(centres, np.array(ring)).astype(int) for ring in outline) % 2 == 1
    assert np.array_equal(shapes.raster(Polygon(tuple(outline)), height, width).ravel(), odd)


def test_a_box_covers_the_pixels_whose_centres_it_holds() -> None:
    assert shapes.raster(Box(1, 2, 3, 4), 6, 6).sum() == 4
    assert shapes.raster(Box(1.5, 2, 3.5, 4), 6, 6)[2].tolist() == [False, True, True, False, False, False]
    assert shapes.area(Box(1, 2, 3.5, 4)) == 5


@patient
@given(st.lists(st.tuples(st.floats(-5, 25), st.floats(-5, 20)), min_size=1, max_size=4), st.floats(0.3, 6))
def test_a_stroke_paints_what_is_near_its_path(path: list, radius: float) -> None:
    painted = shapes.stroke(path, radius, 15, 20)
    dense = np.concatenate([np.linspace(a, b, 2000) for a, b in pairwise(path)] or [np.array(path)])
    for row in range(15):
        for column in range(20):
            far = np.hypot(dense[:, 0] - column - 0.5, dense[:, 1] - row - 0.5).min()
            if abs(far - radius) > 0.02:
                assert painted[row, column] == (far <= radius)


@patient
@given(masks)
def test_masks_are_as_small_as_they_can_be(pixels: np.ndarray) -> None:
    mask = shapes.mask_of(pixels)
    if mask is None:
        assert not pixels.any()
        return
    assert np.array_equal(shapes.raster(mask, *pixels.shape), pixels)
    inside = shapes.pixels_of(mask)
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()  # noqa: PT018
    assert shapes.area(mask) == pixels.sum()


def test_shapes_are_clipped_to_the_picture_and_slips_are_dropped() -> None:
    assert shapes.tidied(Box(30, -5, 4.123, 8), 20, 10) == Box(4.12, 0, 20, 8)
    assert shapes.tidied(Box(3, 3, 3.5, 8), 20, 10) is None
    assert shapes.tidied(Point(21, 3), 20, 10) is None
    assert shapes.tidied(Polygon((((1, 1), (1, 1), (5, 1), (9, 9)),)), 20, 10) == Polygon((((1, 1), (5, 1), (9, 9)),))
    assert shapes.tidied(Polygon((((1, 1), (5, 1), (9, 1)),)), 20, 10) is None
    over = Mask(18, 0, 4, 1, (0, 4))
    assert shapes.tidied(over, 20, 10) == Mask(18, 0, 2, 1, (0, 2))


def test_moving_stops_at_the_border_and_keeps_a_group_together() -> None:
    group = (Box(2, 2, 6, 6), Mask(8, 1, 3, 1, (0, 3)))
    assert shapes.allowed(group, 100, -100, 20, 10) == (9, -1)
    assert shapes.allowed(group, -1.5, 0.25, 20, 10) == (-1.5, 0.25)
    assert shapes.moved(group[0], 9, -1) == Box(11, 1, 15, 5)
    assert shapes.moved(group[1], 4.6, 0) == Mask(13, 1, 3, 1, (0, 3))
    moved = shapes.moved(Polygon((((1, 1), (5, 1), (3, 4)),)), 2, 3)
    assert moved == Polygon((((3, 4), (7, 4), (5, 7)),))


def test_what_a_pointer_meets() -> None:
    ring = Polygon((((2, 2), (12, 2), (12, 12), (2, 12)), ((5, 5), (9, 5), (9, 9), (5, 9))))
    assert shapes.holds(ring, 3.5, 3.5)
    assert not shapes.holds(ring, 7, 7), "a hole is not part of it"
    assert shapes.holds(ring, 7, 7, slack=3)
    assert shapes.holds(Point(4, 4), 6, 4, slack=2)
    assert not shapes.holds(Point(4, 4), 6, 4)
    assert shapes.holds(Mask(1, 1, 2, 1, (1, 1)), 2.5, 1.5)
    assert not shapes.holds(Mask(1, 1, 2, 1, (1, 1)), 1.5, 1.5)
    assert shapes.border_distance(Box(0, 0, 10, 10), 5, 3) == 3
