"""Painting the live picture: where tags stand, and how a frame is enlarged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.layers import Layer
from gui.live.overlay import paint_boxes
from gui.live.scaled_frame import ScaledFrame
from gui.widgets.tags import Tags, tag

ROOM = QRectF(10, 20, 300, 200)
GROUND = QColor("#0072b2")


def canvas(qtbot: Any) -> QImage:
    image = QImage(400, 300, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    return image


@pytest.mark.parametrize(
    ("corner", "above", "touches"),
    [
        (QPointF(60, 120), True, ("bottom", 120)),
        (QPointF(60, 120), False, ("top", 120)),
        (QPointF(60, 24), True, ("top", 24)),  # there is no room above
        (QPointF(-40, 120), True, ("left", 10)),
        (QPointF(390, 120), True, ("right", 310)),
        (QPointF(60, 230), False, ("bottom", 220)),
    ],
)
def test_a_tag_stands_at_its_corner_and_stays_in_its_room(
    qtbot: Any, corner: QPointF, above: bool, touches: tuple[str, int]
) -> None:
    image = canvas(qtbot)
    painter = QPainter(image)
    place = tag(painter, "person", corner, ROOM, GROUND, above)
    painter.end()
    side, wanted = touches
    edges = {"left": place.x(), "top": place.y(), "right": place.x() + place.width()}
    edges["bottom"] = place.y() + place.height()
    assert edges[side] == wanted
    assert ROOM.toRect().contains(place)
    assert image.pixelColor(place.topLeft()) == GROUND
    inked = [image.pixelColor(x, y) for x in range(place.x(), place.right()) for y in range(place.y(), place.bottom())]
    assert sum(colour.lightness() > 200 for colour in inked) > 20  # white letters on the dark ground


def test_words_that_come_again_look_the_same_beside_other_words(qtbot: Any) -> None:
    image = canvas(qtbot)
    painter = QPainter(image)
    tags = Tags(painter, QRectF(0, 0, 400, 300))
    one = tags.write(("person", "87 %"), 10, 100, GROUND)
    other = tags.write(("person", "9 %"), 10, 200, GROUND)
    painter.end()
    word = QRect(one.x(), one.y(), 40, one.height())
    assert image.copy(word) == image.copy(word.translated(0, 100))
    assert one.width() > other.width()


def test_a_box_is_painted_on_its_four_sides_inside_the_picture(qtbot: Any) -> None:
    image = canvas(qtbot)
    painter = QPainter(image)
    boxes = np.array([[20, 30, 80, 70], [90, 60, 400, 400]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.8], np.float32), np.array([0, 1]), ("cat", "dog"))
    paint_boxes(painter, found, QRectF(0, 0, 300, 250), 2.0)
    painter.end()
    white = QColor("white")
    for x, y in ((100, 60), (100, 139), (40, 100), (159, 100)):
        assert image.pixelColor(x, y) != white
    assert image.pixelColor(100, 100) == white
    assert image.pixelColor(299, 200) != white  # cut at the picture's border
    assert image.pixelColor(310, 200) == white


def test_a_frame_of_that_size_keeps_its_pixels_in_their_colours(qtbot: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    shown = ScaledFrame().at(Frame(image), QSize(160, 120))
    for x, y in ((0, 0), (159, 119), (50, 60)):
        colour = shown.pixelColor(x, y)
        assert (colour.blue(), colour.green(), colour.red()) == tuple(image[y, x])


def test_a_small_frame_shows_its_pixels_as_squares_and_a_large_one_is_smoothed(qtbot: Any) -> None:
    for width, colours in ((8, {0, 255}), (200, None)):
        image = np.zeros((8, width, 3), np.uint8)
        image[:, ::2] = 255
        shown = ScaledFrame().at(Frame(image), QSize(width * 5, 40))
        seen = {shown.pixelColor(x, 20).red() for x in range(width * 5)}
        assert seen == colours if colours else len(seen) > 2


def test_the_same_memory_shows_each_frame_with_its_own_layer(qtbot: Any) -> None:
    scaled, size = ScaledFrame(), QSize(200, 100)
    first, second = (Frame(np.full((50, 100, 3), value, np.uint8)) for value in (10, 200))
    table = np.zeros((256, 4), np.uint8)
    table[1] = (0, 255, 0, 255)
    layer = Layer("classes", np.ones((5, 10), np.uint8), (0.0, 0.0, 50.0, 50.0))
    assert scaled.at(first, size, layer, table).pixelColor(20, 50) == QColor(0, 255, 0)
    assert scaled.at(first, size, layer, table).pixelColor(180, 50) == QColor(10, 10, 10)
    assert scaled.at(second, size).pixelColor(20, 50) == QColor(200, 200, 200)
    table[1, 3] = 0
    scaled.forget()
    assert scaled.at(second, size, layer, table).pixelColor(20, 50) == QColor(200, 200, 200)
