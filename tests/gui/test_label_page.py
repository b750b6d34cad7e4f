"""Labelling with a real mouse and real keys: boxes, outlines, brush, points, classes, and undoing all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.labelling import edits
from engine.labelling.shapes import area, raster
from engine.labelling.spec import Box, Mask, Point, Polygon
from engine.tasks.dense.colours import class_colours
from gui.context import Context
from gui.labelling.page import LabelPage
from tests.helpers.hands import button, click, drag
from tests.helpers.label_page import (
    HEIGHT,
    WIDTH,
    at,
    draw_box,
    names,
    near,
    open_page,
    press,
    ready,
    save_pictures,
    shapes,
)

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def empty(qtbot: QtBot, context: Context) -> LabelPage:
    return open_page(qtbot, context)


@pytest.fixture
def page(qtbot: QtBot, empty: LabelPage, tmp_path: Path) -> LabelPage:
    """The page with three pictures and the classes cat and dog."""
    empty.bringing.add((save_pictures(tmp_path / "mine"),))
    qtbot.waitUntil(lambda: len(empty.model.labels.pictures) == 3)
    for name in ("cat", "dog"):
        QTest.keyClicks(empty.classes.name, name)
        QTest.keyClick(empty.classes.name, Qt.Key.Key_Return)
    QTest.mouseClick(empty.classes.list.viewport(), LEFT, pos=row(empty, 0))
    ready(qtbot, empty)
    empty.canvas.setFocus()
    return empty


def row(page: LabelPage, number: int) -> QPoint:
    """Where the name of a class is in the list."""
    return page.classes.list.visualItemRect(page.classes.list.item(number)).center()


def take(page: LabelPage, name: str) -> None:
    click(button(page, name))


def undo(page: LabelPage) -> None:
    page.context.document.undo_stack.undo()


# -- boxes


def test_a_box_is_drawn_where_the_mouse_was_dragged_and_undone_and_redone(page: LabelPage) -> None:
    stack = page.context.document.undo_stack
    before = stack.count()
    draw_box(page, 60, 50, 20, 10)
    assert names(page) == ["cat"]
    assert near(shapes(page)[0], 20, 10, 60, 50)
    assert page.model.chosen == (0,)
    assert stack.undoText() == "Draw box"
    assert stack.count() == before + 1
    stack.undo()
    assert shapes(page) == []
    stack.redo()
    assert near(shapes(page)[0], 20, 10, 60, 50)


def test_a_box_over_the_border_ends_at_it_and_a_slip_draws_nothing(page: LabelPage) -> None:
    draw_box(page, 50, 50, 200, 200)
    assert near(shapes(page)[0], 50, 50, WIDTH, HEIGHT)
    draw_box(page, 10, 10, 10.2, 10.2)
    assert len(shapes(page)) == 1
    assert page.model.chosen == (), "a click on nothing lets go"


def test_escape_calls_a_box_off(page: LabelPage) -> None:
    def send(kind: QMouseEvent.Type, place: QPoint) -> None:
        where = page.canvas.mapToGlobal(QPointF(place))
        QApplication.sendEvent(
            page.canvas, QMouseEvent(kind, QPointF(place), where, LEFT, LEFT, Qt.KeyboardModifier(0))
        )

    send(QMouseEvent.Type.MouseButtonPress, at(page, 10, 10))
    send(QMouseEvent.Type.MouseMove, at(page, 40, 40))
    press(page, Qt.Key.Key_Escape)
    send(QMouseEvent.Type.MouseButtonRelease, at(page, 60, 60))
    assert shapes(page) == []


def test_boxes_are_chosen_moved_and_resized(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    draw_box(page, 50, 40, 80, 60)
    press(page, "v")
    assert page.canvas.tool.id == "select"
    drag(page.canvas, at(page, 20, 20), at(page, 25, 28))
    assert near(shapes(page)[0], 15, 18, 35, 38)
    assert page.context.document.undo_stack.undoText() == "Move object"
    drag(page.canvas, at(page, 35, 38), at(page, 45, 48))
    assert near(shapes(page)[0], 15, 18, 45, 48)
    drag(page.canvas, at(page, 15, 33), at(page, 60, 33))
    assert near(shapes(page)[0], 45, 18, 60, 48), "pulled over its other side, a box turns over"
    click(page.canvas, at(page, 70, 55))
    assert page.model.chosen == (1,)
    QTest.mouseClick(page.canvas, LEFT, SHIFT, at(page, 50, 25))
    assert set(page.model.chosen) == {0, 1}
    drag(page.canvas, at(page, 70, 55), at(page, 200, 200))
    assert near(shapes(page)[0], 61, 30, 76, 60), "together they go as far as one of them may"
    assert near(shapes(page)[1], 66, 52, WIDTH, HEIGHT)
    undo(page)
    assert near(shapes(page)[0], 45, 18, 60, 48)
    assert near(shapes(page)[1], 50, 40, 80, 60), "what moved together comes back together"


def test_ctrl_moves_a_box_without_putting_the_box_tool_down(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    start, end = at(page, 20, 20), at(page, 40, 30)
    QTest.mousePress(page.canvas, LEFT, CONTROL, start)
    for place in ((start + end) / 2, end):
        where = page.canvas.mapToGlobal(QPointF(place))
        moved = QMouseEvent(QMouseEvent.Type.MouseMove, QPointF(place), where, Qt.MouseButton.NoButton, LEFT, CONTROL)
        QApplication.sendEvent(page.canvas, moved)
    QTest.mouseRelease(page.canvas, LEFT, CONTROL, end)
    assert len(shapes(page)) == 1
    assert near(shapes(page)[0], 30, 20, 50, 40)
    assert page.canvas.tool.id == "box"


def test_arrows_nudge_as_one_step_and_delete_removes(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    first = shapes(page)[0]
    count = page.context.document.undo_stack.count()
    for _ in range(3):
        press(page, Qt.Key.Key_Right)
    press(page, Qt.Key.Key_Down, SHIFT)
    assert near(shapes(page)[0], 13, 20, 33, 40)
    assert page.context.document.undo_stack.count() == count + 1
    undo(page)
    assert shapes(page) == [first]
    press(page, Qt.Key.Key_Delete)
    assert shapes(page) == []
    undo(page)
    assert shapes(page) == [first]


def test_tab_goes_through_the_objects_and_then_on(page: LabelPage) -> None:
    for left in (5, 35, 65):
        draw_box(page, left, 10, left + 20, 40)
    press(page, Qt.Key.Key_Escape)
    seen = []
    for _ in range(3):
        press(page, Qt.Key.Key_Tab)
        seen.append(page.model.chosen)
    assert seen == [(0,), (1,), (2,)]
    press(page, Qt.Key.Key_Backtab, SHIFT)
    assert page.model.chosen == (1,)
    assert page.canvas.hasFocus()
    press(page, Qt.Key.Key_Tab)
    press(page, Qt.Key.Key_Tab)
    assert not page.canvas.hasFocus()


def test_the_smaller_of_two_boxes_in_each_other_is_met(page: LabelPage) -> None:
    draw_box(page, 30, 20, 60, 50)
    draw_box(page, 5, 5, 90, 68)
    press(page, "v")
    click(page.canvas, at(page, 45, 35))
    assert page.model.chosen == (0,)
    click(page.canvas, at(page, 12, 12))
    assert page.model.chosen == (1,)


# -- outlines


def outline(page: LabelPage, *corners: tuple[float, float]) -> None:
    for corner in corners:
        click(page.canvas, at(page, *corner))


def test_an_outline_by_clicks_is_closed_by_enter(page: LabelPage) -> None:
    take(page, "Outline")
    outline(page, (10, 10), (50, 12), (70, 5), (40, 50))
    press(page, Qt.Key.Key_Backspace)
    outline(page, (45, 45), (12, 40))
    assert shapes(page) == []
    press(page, Qt.Key.Key_Return)
    shape = shapes(page)[0]
    assert isinstance(shape, Polygon)
    wanted = ((10, 10), (50, 12), (70, 5), (45, 45), (12, 40))
    assert len(shape.rings) == 1
    for found, corner in zip(shape.rings[0], wanted, strict=True):
        assert found == pytest.approx(corner, abs=0.2)
    undo(page)
    assert shapes(page) == []


@pytest.mark.parametrize("how", ["double click", "first corner"])
def test_an_outline_is_closed_by_a_double_click_or_the_first_corner(page: LabelPage, how: str) -> None:
    take(page, "Outline")
    outline(page, (10, 10), (50, 12), (45, 45))
    if how == "double click":
        click(page.canvas, at(page, 12, 40))
        QTest.mouseDClick(page.canvas, LEFT, pos=at(page, 12, 40))
    else:
        click(page.canvas, at(page, 10.2, 10.2))
    shape = shapes(page)[0]
    assert isinstance(shape, Polygon)
    assert len(shape.rings[0]) == (4 if how == "double click" else 3)


def test_two_corners_are_no_outline_and_escape_forgets_them(page: LabelPage) -> None:
    take(page, "Outline")
    outline(page, (10, 10), (50, 12))
    press(page, Qt.Key.Key_Return)
    press(page, Qt.Key.Key_Escape)
    outline(page, (20, 20), (40, 20), (30, 40))
    press(page, Qt.Key.Key_Return)
    shape = shapes(page)[0]
    assert isinstance(shape, Polygon)
    assert len(shape.rings[0]) == 3


def test_corners_of_an_outline_are_dragged_added_and_taken_away(page: LabelPage) -> None:
    take(page, "Outline")
    outline(page, (10, 10), (50, 10), (50, 40), (10, 40))
    press(page, Qt.Key.Key_Return)
    press(page, "v")
    drag(page.canvas, at(page, 50, 10), at(page, 70, 5))
    ring = shapes(page)[0].rings[0]  # type: ignore[union-attr]
    assert ring[1] == pytest.approx((70, 5), abs=0.2)
    QTest.mouseDClick(page.canvas, LEFT, pos=at(page, 30, 40))
    assert len(shapes(page)[0].rings[0]) == 5  # type: ignore[union-attr]
    QTest.mouseClick(page.canvas, LEFT, Qt.KeyboardModifier.AltModifier, at(page, 10, 10))
    assert len(shapes(page)[0].rings[0]) == 4  # type: ignore[union-attr]


# -- brush, points, whole pictures


def test_the_brush_paints_one_mask_and_erases_from_it(page: LabelPage) -> None:
    press(page, "m")
    assert page.canvas.tool.id == "brush"
    drag(page.canvas, at(page, 20, 20), at(page, 60, 20))
    drag(page.canvas, at(page, 60, 20), at(page, 60, 50))
    assert len(shapes(page)) == 1, "the second stroke belongs to the first"
    mask = shapes(page)[0]
    assert isinstance(mask, Mask)
    painted = raster(mask, HEIGHT, WIDTH)
    assert painted[20, 20:60].all()
    assert painted[20:50, 60].all()
    before = area(mask)
    press(page, "e")
    drag(page.canvas, at(page, 60, 50), at(page, 60, 30))
    erased = shapes(page)[0]
    assert area(erased) < before
    assert not raster(erased, HEIGHT, WIDTH)[35:].any()
    press(page, "e")
    QTest.mousePress(page.canvas, RIGHT, pos=at(page, 20, 20))
    QTest.mouseRelease(page.canvas, RIGHT, pos=at(page, 20, 20))
    assert not raster(shapes(page)[0], HEIGHT, WIDTH)[20, 20], "the right button erases"
    for _ in range(4):
        undo(page)
    assert shapes(page) == []


def test_brackets_change_the_size_of_the_brush(page: LabelPage) -> None:
    press(page, "m")
    press(page, "]]]")
    click(page.canvas, at(page, 40, 30))
    large = area(shapes(page)[0])
    undo(page)
    press(page, "[[[[[[")
    click(page.canvas, at(page, 40, 30))
    assert area(shapes(page)[0]) < large / 4
    assert "px" in page.hint.text()


def test_a_mask_of_another_class_is_an_object_of_its_own(page: LabelPage) -> None:
    press(page, "m")
    drag(page.canvas, at(page, 20, 20), at(page, 40, 20))
    press(page, Qt.Key.Key_Escape)
    press(page, "2")
    drag(page.canvas, at(page, 30, 40), at(page, 50, 40))
    assert names(page) == ["cat", "dog"]


def test_points_are_marked_by_clicks(page: LabelPage) -> None:
    press(page, "o")
    click(page.canvas, at(page, 33, 44))
    shape = shapes(page)[0]
    assert isinstance(shape, Point)
    assert (shape.x, shape.y) == pytest.approx((33, 44), abs=0.2)


def test_number_keys_choose_give_and_call(page: LabelPage) -> None:
    press(page, "2")
    draw_box(page, 10, 10, 30, 30)
    assert names(page) == ["dog"]
    press(page, "1")
    assert names(page) == ["cat"], "a chosen object gets the class"
    undo(page)
    assert names(page) == ["dog"]
    press(page, "9")
    assert names(page) == ["dog"], "there is no ninth class"
    take(page, "Whole picture")
    press(page, "2")
    assert page.model.picture is not None
    assert page.model.picture.labels == (1,)
    press(page, "1")
    assert page.model.picture.labels == (0,)
    press(page, "1")
    assert page.model.picture.labels == ()
    assert names(page) == ["dog"]


def test_a_click_on_a_class_does_what_its_key_does_and_a_tick_adds(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    QTest.mouseClick(page.classes.list.viewport(), LEFT, pos=row(page, 1))
    assert names(page) == ["dog"]
    for number in (0, 1):
        page.classes.list.item(number).setCheckState(Qt.CheckState.Checked)
    assert page.model.picture is not None
    assert page.model.picture.labels == (0, 1)


def test_classes_are_renamed_and_removed_with_what_is_in_them(page: LabelPage) -> None:
    draw_box(page, 10, 10, 30, 30)
    page.classes.list.item(0).setText("lion")
    assert names(page) == ["lion"]
    page.classes.list.item(0).setText("DOG")
    assert names(page) == ["lion"], "two classes cannot have one name"
    assert page.classes.list.item(0).text() == "lion"
    page.classes.list.setCurrentRow(0)
    page.classes.list.setFocus()
    QTest.keyClick(page.classes.list, Qt.Key.Key_Delete)
    assert page.model.labels.names == ("dog",)
    assert shapes(page) == []
    undo(page)
    assert names(page) == ["lion"]


def test_a_class_has_the_colour_that_its_objects_have_on_all_pages(page: LabelPage) -> None:
    page.model.edit("Add class dog", lambda labels: edits.add_class(labels, "dog"))
    page.model.edit(
        "Draw a box", lambda labels: edits.add_object(labels, page.model.picture.file, 1, Box(20, 20, 60, 50))
    )
    wanted = tuple(class_colours()[2].tolist())
    swatch = page.classes.list.item(1).icon().pixmap(18, 18).toImage()
    assert swatch.pixelColor(2, swatch.height() // 2).getRgb()[:3] == wanted
    edge = page.canvas.view.to_screen(20, 35).toPoint()
    seen = page.canvas.grab().toImage()
    assert wanted in [seen.pixelColor(edge + QPoint(step, 0)).getRgb()[:3] for step in (-1, 0, 1)]
