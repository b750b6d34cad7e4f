"""A layer over a picture: the colours that come out, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.inference.detections import Detections
from engine.inference.layers import Layer, colour_of, colour_table
from engine.inference.laying import lay
from engine.inference.maps import ClassMap

WHOLE = (0.0, 0.0, 40.0, 30.0)


def grey(height: int = 30, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), 100, np.uint8)


def table_of(value: int, *rgba: int) -> np.ndarray:
    table = np.zeros((256, 4), np.uint8)
    table[value] = rgba
    return table


@pytest.mark.parametrize("opacity", [0, 51, 140, 255])
def test_a_tint_mixes_as_its_opacity_says(opacity: int) -> None:
    picture = grey()
    lay(picture, Layer("classes", np.full((3, 4), 7, np.uint8), WHOLE), table_of(7, 200, 60, 0, opacity))
    share = opacity / 255
    wanted = [100 * (1 - share) + value * share for value in (0, 60, 200)]  # BGR
    assert np.abs(picture.reshape(-1, 3) - wanted).max() <= 1.5


def test_a_layer_lies_where_its_area_is_at_any_scale() -> None:
    layer = Layer("strength", np.full((5, 5), 255, np.uint8), (10.0, 6.0, 30.0, 24.0))
    for scale in (1, 2):
        picture = grey(30 * scale, 40 * scale)
        lay(picture, layer, table_of(255, 0, 0, 255, 255), scale)
        covered = np.zeros(picture.shape[:2], bool)
        covered[6 * scale : 24 * scale, 10 * scale : 30 * scale] = True
        assert (picture[covered] == (255, 0, 0)).all()
        assert (picture[~covered] == 100).all()


def test_what_reaches_beyond_the_picture_or_is_outside_does_no_harm() -> None:
    values = np.full((2, 2), 1, np.uint8)
    picture = grey()
    lay(picture, Layer("classes", values, (-10.0, -10.0, 20.0, 15.0)), table_of(1, 0, 255, 0, 255))
    assert (picture[:15, :20] == (0, 255, 0)).all()
    assert (picture[15:] == 100).all()
    lay(picture, Layer("classes", values, (50.0, 40.0, 60.0, 50.0)), table_of(1, 0, 255, 0, 255))
    assert (picture[15:] == 100).all()


def test_what_is_not_seen_does_not_tint_the_border_of_what_is() -> None:
    values = np.zeros((2, 2), np.uint8)
    values[:, 1] = 1
    table = table_of(1, 100, 100, 100, 255)
    table[0] = (255, 0, 0, 0)  # a strong colour that is not shown
    picture = grey()
    lay(picture, Layer("classes", values, WHOLE), table)
    assert np.abs(picture.astype(int) - 100).max() <= 1


def test_squares_stay_squares_unless_they_are_to_be_soft() -> None:
    values = np.array([[0, 1]], np.uint8)
    table = table_of(1, 255, 255, 255, 255)
    hard, soft = grey(), grey()
    lay(hard, Layer("classes", values, WHOLE), table, smooth=False)
    lay(soft, Layer("classes", values, WHOLE), table)
    assert set(np.unique(hard)) == {100, 255}
    assert len(np.unique(soft)) > 5


def test_a_picture_covers_what_is_below() -> None:
    pixels = np.zeros((3, 4, 3), np.uint8)
    pixels[:] = (10, 20, 30)  # RGB
    picture = grey()
    lay(picture, Layer("picture", pixels, WHOLE), np.zeros((256, 4), np.uint8))
    assert (picture == (30, 20, 10)).all()


def test_the_table_shows_each_class_in_its_own_colour_and_hides_what_is_hidden() -> None:
    regions = ClassMap(("background", "cat", "dog", "cow"), np.zeros((2, 2), np.uint8), WHOLE)
    table = colour_table(regions, 0.5, {2})
    assert table[:4, 3].tolist() == [0, 140, 0, 140]
    assert tuple(table[1, :3]) == colour_of(regions, 1)
    found = Detections(
        np.zeros((3, 4), np.float32), np.array([0.9, 0.4, 0.8], np.float32), np.array([2, 0, 1]), ("a", "b", "c")
    )
    table = colour_table(found, 0.5, {1})
    assert table[:4, 3].tolist() == [0, 140, 0, 0]  # nothing, sure, not sure enough, hidden
    assert tuple(table[1, :3]) == colour_of(found, 2)
