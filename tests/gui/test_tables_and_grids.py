"""Tables, picture grids, cards and empty states, by mouse and keys."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import overload

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from pytestqt.qtbot import QtBot

from gui.widgets.card import CardStack
from gui.widgets.empty_state import EmptyState
from gui.widgets.picture_grid import GridPicture, PictureGrid, value_under
from gui.widgets.table import Column, Table
from gui.widgets.words import duration, figure, percent, rate

COLUMNS = (Column("Class"), Column("F1", percent, "The harmonic mean", True))
ROWS = [("cat", 0.5), ("Äpfel", None), ("bird", 0.25)]


def shown_table(qtbot: QtBot) -> Table:
    table = Table(COLUMNS, "Classes")
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.set_rows(ROWS)
    table.show()
    return table


def test_a_table_sorts_by_value_when_a_heading_is_clicked(qtbot: QtBot) -> None:
    table = shown_table(qtbot)
    assert table.shown_rows() == [0, 1, 2]
    head = table.horizontalHeader()
    place = head.viewport().rect().center()
    place.setX(head.sectionViewportPosition(1) + 20)
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert table.shown_rows() == [1, 2, 0]
    qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert table.shown_rows() == [0, 2, 1]


def test_a_table_is_copied_and_exported_with_its_full_values(qtbot: QtBot) -> None:
    table = shown_table(qtbot)
    table.select_row(2)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "Class\tF1\nbird\t25.0 %\n", timeout=2000)
    with qtbot.waitSignal(table.export_wanted) as seen:
        table.export_action.trigger()
    rows = list(csv.reader(io.StringIO(seen.args[0].data.decode())))
    assert rows == [["Class", "F1"], ["cat", "0.5"], ["Äpfel", ""], ["bird", "0.25"]]


def test_moving_through_a_sorted_table_tells_the_row_that_was_given(qtbot: QtBot) -> None:
    table = shown_table(qtbot)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    heard: list[object] = []
    table.current_row_changed.connect(heard.append)
    table.select_row(0)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert heard == [0, 2]


class Many(Sequence[GridPicture]):
    """A hundred thousand pictures that count how often they are asked for."""

    def __init__(self) -> None:
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return 100_000

    @overload
    def __getitem__(self, index: int) -> GridPicture: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[GridPicture]: ...

    def __getitem__(self, index: int | slice) -> GridPicture | Sequence[GridPicture]:
        assert isinstance(index, int)
        self.asked.add(index)
        return GridPicture(None, str(index))


def test_only_pictures_in_view_are_asked_for_and_wanted(qtbot: QtBot) -> None:
    grid = PictureGrid(64)
    qtbot.addWidget(grid)
    grid.resize(400, 300)
    many = Many()
    grid.set_pictures(many)
    with qtbot.waitSignal(grid.wanted, timeout=5000) as seen:
        grid.show()
    assert 0 < len(seen.args[0]) < 50
    assert len(many.asked) < 200


def test_a_grid_is_walked_and_opened_with_the_keyboard(qtbot: QtBot) -> None:
    grid = PictureGrid(40)
    qtbot.addWidget(grid)
    grid.resize(400, 300)
    grid.set_pictures([GridPicture(np.full((8, 8), k, np.uint8), str(k)) for k in range(30)])
    grid.show()
    grid.setCurrentIndex(grid.model().index(0, 0))
    grid.setFocus()
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    with qtbot.waitSignal(grid.opened) as seen:
        qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert seen.args[0] == 1
    first = grid.visualRect(grid.model().index(0, 0)).y()
    row = sum(grid.visualRect(grid.model().index(k, 0)).y() == first for k in range(30))
    with qtbot.waitSignal(grid.current_changed) as seen:
        qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert seen.args[0] == 1 + row


def test_small_pictures_are_enlarged_without_blurring_and_say_their_values(qtbot: QtBot) -> None:
    image = np.array([[0, 255], [255, 0]], np.uint8)
    grid = PictureGrid(64, lines=0)
    qtbot.addWidget(grid)
    grid.resize(200, 150)
    grid.set_pictures([GridPicture(image)])
    grid.show()
    qtbot.waitExposed(grid)
    painted = grid.viewport().grab().toImage()
    place = grid.itemDelegate().place(grid.visualRect(grid.model().index(0, 0)))
    colours = {
        QColor(painted.pixel(x, y)).name()
        for x in range(place.x() + 1, place.right() - 1)
        for y in range(place.y() + 1, place.bottom() - 1)
    }
    assert colours == {"#000000", "#ffffff"}
    assert value_under(image, place, place.topLeft()) == "Row 0, column 0: 0"
    assert value_under(image, place, place.topRight()) == "Row 0, column 1: 255"


def test_cards_of_a_kind_replace_one_another_and_go_when_put_away(qtbot: QtBot) -> None:
    stack = CardStack(most=2)
    qtbot.addWidget(stack)
    stack.add("a", "warning", "First.")
    stack.add("a", "warning", "Second.", "Do this.", "Do it")
    stack.add("b", "problem", "Third.")
    assert [card.what for card in stack.cards] == ["Second.", "Third."]
    stack.add("c", "info", "Fourth.")
    assert [card.what for card in stack.cards] == ["Third.", "Fourth."]
    stack.cards[0].closed.emit()
    stack.cards[0].closed.emit()
    assert stack.isHidden()


def test_an_empty_state_leads_on(qtbot: QtBot) -> None:
    empty = EmptyState("train", "Nothing yet", "Train first.", "Go to Train")
    qtbot.addWidget(empty)
    empty.resize(600, 400)
    empty.show()
    with qtbot.waitSignal(empty.wanted):
        qtbot.mouseClick(empty.button, Qt.MouseButton.LeftButton)
    empty.say("Busy")
    assert not empty.button.isVisible()


def test_numbers_have_units_and_sensible_digits() -> None:
    assert [percent(0.98649), percent(1.0), percent(None)] == ["98.6 %", "100.0 %", "–"]
    assert [rate(1234, "img"), rate(640, "img"), rate(2.5e6, "img")] == ["1.2 k img/s", "640 img/s", "2.5 M img/s"]
    assert [duration(42), duration(200), duration(4000)] == ["42 s", "3 min 20 s", "1 h 6 min"]
    assert [figure(0.12345), figure(1e-6), figure(432.1)] == ["0.1235", "1.0e-06", "432.1"]
