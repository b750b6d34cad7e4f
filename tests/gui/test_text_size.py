"""A change of the text's size reaches every label at once, without a restart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.builder.my_blocks import MyBlocks
from gui.builder.palette_tree import PaletteTree
from gui.context import Context
from gui.widgets.curves import Curve, CurveStyle
from gui.widgets.empty_state import EmptyState
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.plot_legend import LegendEntry


@pytest.fixture(autouse=True)
def usual_size(qapp: QApplication) -> Iterator[None]:
    theme.apply(qapp, "light", 100)
    yield
    theme.apply(qapp, "light", 100)


def test_every_text_doubles_while_the_window_is_open(qapp: QApplication, qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    empty = EmptyState("success", "Nothing yet", "Draw something.", parent=holder)
    curve = Curve(CurveStyle("run-001", "training", 0))
    texts = {
        "quiet": QuietLabel("Why", holder),
        "heading": ThemedLabel("Runs", "text", "heading", holder),
        "legend": LegendEntry(curve, "0.1234", holder),
        "empty title": empty.title,
        "empty text": empty.text,
    }
    before = {name: widget.font().pointSizeF() for name, widget in texts.items()}
    theme.apply(qapp, "light", 200)
    for name, widget in texts.items():
        assert widget.font().pointSizeF() == pytest.approx(2 * before[name], rel=0.02), name


def test_the_headings_of_the_layers_follow_there_and_back(qapp: QApplication, qtbot: QtBot, context: Context) -> None:
    tree = PaletteTree(MyBlocks(context), context.gallery)
    qtbot.addWidget(tree)
    sections = [item for item in (tree.topLevelItem(row) for row in range(tree.topLevelItemCount())) if item]
    before = sections[0].font(0).pointSizeF()
    theme.apply(qapp, "light", 200)
    assert sections[0].font(0).pointSizeF() == pytest.approx(2 * before, rel=0.02)
    theme.apply(qapp, "light", 100)
    assert all(section.font(0).pointSizeF() == pytest.approx(before) for section in sections)
