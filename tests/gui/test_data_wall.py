"""The wall of pictures: where they lie, keys and mouse, and ten thousand of them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from engine.datasets.base import ArrayPictures
from gui.data.picture_wall import PictureWall
from gui.data.thumbnails import ThumbnailLoader
from gui.data.wall_layout import Section, WallLayout
from gui.runtime.small_pictures import KEPT

# The offscreen platform has no windows to put in front of others.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)


@given(
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    width=st.integers(30, 600),
    cell=st.integers(20, 90),
)
@settings(max_examples=100, deadline=None)
def test_every_picture_has_a_place_of_its_own(counts, width, cell):
    layout = WallLayout([Section(str(n), count) for n, count in enumerate(counts)], width, cell, 8, 30)
    assert layout.count == sum(counts)
    seen = set()
    for position in range(layout.count):
        x, y = layout.place(position)
        assert layout.at(x, y) == layout.at(x + layout.cell - 1, y + layout.cell - 1) == position
        assert layout.at(x - 1, y) is None
        assert layout.at(x, y - 1) is None
        assert y + layout.cell <= layout.height
        assert x + layout.cell <= max(width, layout.cell + 16)
        seen.add((x, y))
    assert len(seen) == layout.count
    assert layout.between(0, layout.height) == list(range(layout.count))
    middle = layout.height // 2
    shown = layout.between(middle, middle + 1)
    for position in range(layout.count):
        y = layout.place(position)[1]
        if y <= middle < y + layout.cell:
            assert position in shown


def test_up_and_down_keep_the_column_across_sections():
    layout = WallLayout([Section("a", 7), Section("b", 2), Section("c", 9)], 8 + 4 * 58, 50, 8, 30)
    assert layout.columns == 4
    # a: 0 1 2 3 / 4 5 6    b: 7 8    c: 9 10 11 12 / 13 14 15 16 / 17
    assert [layout.moved(position, 1) for position in (0, 3, 4, 6, 7, 8, 12, 16, 17)] == [4, 6, 7, 8, 9, 10, 16, 17, 17]
    assert [layout.moved(position, -1) for position in (0, 3, 6, 7, 8, 9, 12, 17)] == [0, 3, 2, 4, 5, 7, 8, 13]
    assert layout.moved(0, 100) == 17
    assert layout.moved(17, -100) == 0


def numbered(count):
    """Grey 8×8 pictures whose value tells their number."""
    images = np.repeat((np.arange(count) % 251).astype(np.uint8), 64).reshape(count, 8, 8)
    return ArrayPictures(images, ["even", "odd"], np.arange(count) % 2)


@pytest.fixture
def wall(qtbot, runner):
    loader = ThumbnailLoader(runner)
    made = PictureWall(loader)
    qtbot.addWidget(made)
    made.resize(500, 400)
    made.show()
    made.pictures = numbered(300)
    loader.show(made.pictures, 64, None)
    made.show_pictures(np.arange(300), made.pictures.labels, made.pictures.classes, lambda index: f"picture {index}")
    return made


def colour_at(wall, index):
    rect = wall.cell_rect(index)
    return wall.viewport().grab().toImage().pixelColor(rect.center()).red()


def test_what_is_in_view_is_read_and_drawn(qtbot, wall):
    qtbot.waitUntil(lambda: colour_at(wall, 4) == 4)
    assert colour_at(wall, 10) == 10
    assert not wall._loader.has(299)
    wall.verticalScrollBar().setValue(wall.verticalScrollBar().maximum())
    qtbot.waitUntil(lambda: colour_at(wall, 299) == 299 % 251)


def test_mouse_and_keys_choose_a_picture(qtbot, wall):
    assert wall.current == 0
    with qtbot.waitSignal(wall.current_changed) as seen:
        QTest.mouseClick(wall.viewport(), Qt.MouseButton.LeftButton, pos=wall.cell_rect(6).center())
    assert seen.args == [6]
    columns = wall._layout.columns
    QTest.keyClick(wall, Qt.Key.Key_Right)
    assert wall.current == 8  # the next even one
    QTest.keyClick(wall, Qt.Key.Key_Down)
    assert wall.current == 8 + 2 * columns
    QTest.keyClick(wall, Qt.Key.Key_End)
    assert wall.current == 299
    assert wall.viewport().rect().contains(wall.cell_rect(299))
    QTest.keyClick(wall, Qt.Key.Key_Home)
    assert wall.current == 0
    QTest.keyClick(wall, Qt.Key.Key_PageDown)
    assert wall.current > 2 * columns
    assert wall.accessibleDescription() == f"picture {wall.current}"


def test_the_current_picture_survives_a_filter(wall):
    wall.choose(21)
    odd = np.arange(1, 300, 2)
    wall.show_pictures(odd, wall.pictures.labels, wall.pictures.classes, str)
    assert wall.current == 21
    wall.show_pictures(np.array([4, 6]), wall.pictures.labels, wall.pictures.classes, str)
    assert wall.current == 4
    wall.show_pictures(np.zeros(0, int), wall.pictures.labels, wall.pictures.classes, str)
    assert wall.current is None


def test_zoom_by_wheel_and_keys(qtbot, wall):
    before = wall.cell_rect(0).width()
    point = QPointF(wall.viewport().rect().center())
    wheel = QWheelEvent(
        point, wall.viewport().mapToGlobal(point), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    with qtbot.waitSignal(wall.cell_changed):
        QApplication.sendEvent(wall.viewport(), wheel)
    assert wall.cell_rect(0).width() > before
    QTest.keyClick(wall, Qt.Key.Key_Minus)
    assert wall.cell_rect(0).width() == before


def test_a_tooltip_says_which_picture_it_is(qtbot, wall):
    place = wall.cell_rect(8).center()
    QApplication.sendEvent(wall.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, wall.viewport().mapToGlobal(place)))
    qtbot.waitUntil(lambda: QToolTip.text() == "picture 8")
    QToolTip.hideText()


def test_ten_thousand_pictures_stay_smooth(qtbot, wall):
    many = numbered(10_000)
    wall._loader.show(many, 64, None)
    start = time.perf_counter()
    wall.show_pictures(np.arange(10_000), many.labels, many.classes, str)
    assert time.perf_counter() - start < 0.1
    bar, worst = wall.verticalScrollBar(), 0.0
    for step in range(60):
        start = time.perf_counter()
        bar.setValue(bar.maximum() * step // 59)
        wall.viewport().repaint()
        worst = max(worst, time.perf_counter() - start)
    assert worst < 0.05, f"{worst * 1000:.0f} ms"
    qtbot.waitUntil(lambda: wall._loader.has(9999))
    assert len(wall._loader._kept) <= KEPT
