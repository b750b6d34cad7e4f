"""The tools of the Train page that choose settings by trying them, and the slider from stochastic to full batch."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.datasets.spec import DataSpec
from engine.training.speed import SpeedReport, Way, WayTried
from gui import theme
from gui.context import Context
from gui.training.descent_slider import DescentSlider
from gui.training.page import TrainPage
from gui.training.rate_dialog import RateDialog
from gui.training.speed_dialog import SpeedDialog
from tests.helpers.small_project import small_project

WAIT = 60_000


@pytest.fixture
def page(qtbot: QtBot, context: Context) -> TrainPage:
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.resize(1360, 800)
    made.show()
    with qtbot.waitSignal(context.document.replaced, timeout=WAIT):
        context.document.new(small_project())
    context.engine.start()
    qtbot.waitUntil(lambda: context.engine.is_ready, timeout=WAIT)
    qtbot.waitUntil(lambda: context.checker.up_to_date and context.checker.analysis is not None, timeout=WAIT)
    return made


def test_a_found_rate_becomes_the_setting(qtbot: QtBot, page: TrainPage) -> None:
    document = page.context.document
    QTest.mouseClick(page.settings.tools[0], Qt.MouseButton.LeftButton)
    dialog = page.tools[RateDialog]
    assert isinstance(dialog, RateDialog)
    qtbot.waitUntil(lambda: dialog.result is not None, timeout=WAIT)
    assert dialog.plot is not None
    assert dialog.waiting.isHidden()
    assert dialog.state.text().startswith("Suggested: ")
    assert dialog.state.text().endswith("The settings have 0.0010.")
    QTest.mouseClick(dialog.take, Qt.MouseButton.LeftButton)
    rate = document.project.training.optimiser.options["learning_rate"]
    assert rate == pytest.approx(dialog.result.suggested, rel=0.06)
    assert "instead of 0.0010. Undo takes it back." in dialog.state.text()
    document.undo_stack.undo()
    assert "learning_rate" not in document.project.training.optimiser.options
    dialog.close()


def test_cancelling_a_tool_keeps_the_settings(qtbot: QtBot, page: TrainPage) -> None:
    before = page.context.document.project.training
    QTest.mouseClick(page.settings.tools[1], Qt.MouseButton.LeftButton)
    dialog = page.tools[SpeedDialog]
    qtbot.waitUntil(dialog.cancel.isVisible, timeout=WAIT)
    QTest.mouseClick(dialog.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.go.isVisible, timeout=WAIT)
    assert dialog.result is None
    assert not dialog.take.isEnabled()
    assert page.context.document.project.training == before
    dialog.close()


def test_escape_stops_a_tool(qtbot: QtBot, page: TrainPage) -> None:
    QTest.mouseClick(page.settings.tools[1], Qt.MouseButton.LeftButton)
    dialog = page.tools[SpeedDialog]
    qtbot.waitUntil(dialog.cancel.isVisible, timeout=WAIT)
    assert dialog.waiting.isVisible()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: not page.context.runner.handles, timeout=WAIT)
    assert dialog.result is None
    assert dialog.state.text() == "It was stopped. The settings are as they were."


def test_ways_are_listed_as_they_are_timed_and_the_choice_is_explained(qtbot: QtBot, page: TrainPage) -> None:
    dialog = SpeedDialog(page.context, page)
    plain, half = Way("plain", (), 100.0, 0.0), Way("16 bits", (("precision", "mixed"),), 250.0, 0.004)
    wrong = Way("channels last", (("channels_last", True),), 400.0, 0.3, "It changes the loss curve.")
    dialog.show_begun()
    for number, way in enumerate((plain, half, wrong), start=1):
        dialog.show_part(WayTried(way))
        assert len(dialog.table.shown_rows()) == number
    words = dialog.show_result(SpeedReport((plain, half, wrong), half))
    assert words == (
        "Fastest: 16 bits, 2.50 times the plain way; its losses differ by 0.40 % at most. "
        "Taking it sets Precision mixed."
    )
    assert [dialog.table.model().index(row, 4).data() for row in range(3)] == [
        "", "Fastest", "It changes the loss curve",
    ]  # fmt: skip
    before = page.context.document.project.training
    after = before.model_copy(update=dialog.changes(SpeedReport((plain, half), half)))
    assert dialog.taken(before, after) == "Precision mixed"
    slow = SpeedReport((plain, Way("1 thread", (("threads", 1),), 101.0, 0.0)), plain)
    assert "no need to take anything" in dialog.show_result(slow)


def test_the_slider_goes_from_one_sample_to_all(qtbot: QtBot) -> None:
    slider = DescentSlider()
    qtbot.addWidget(slider)
    slider.show_size(32, 1_250)
    assert "40 steps an epoch" in slider.effect.text()
    assert "18 %" in slider.effect.text()  # 1/√32
    assert (slider.size_at(0), slider.size_at(100)) == (1, 1_250)
    with qtbot.waitSignal(slider.chosen) as heard:
        QTest.keyClick(slider.slider, Qt.Key.Key_End)
    assert heard.args == [1_250]
    slider.show_size(1_250, 1_250)
    assert slider.effect.text().startswith("Full batch")
    slider.show_size(1, 1_250)
    assert slider.effect.text().startswith("Stochastic")


def test_a_batch_is_chosen_by_the_slider(qtbot: QtBot, page: TrainPage) -> None:
    document = page.context.document
    page.context.checker.learn_count(DataSpec(), 1_258)
    QTest.keyClick(page.settings.descent.slider, Qt.Key.Key_Home)
    assert document.project.training.batch_size == 1
    assert "1,258 samples makes a step" in page.settings.descent.effect.text()


@pytest.mark.parametrize("percent", [100, 200])
def test_settings_are_never_cut_at_the_side(qapp: QApplication, qtbot: QtBot, page: TrainPage, percent: int) -> None:
    page.resize(1280, 660)
    try:
        theme.apply(qapp, "light", percent)
        page.settings.folding.button.click()
        qtbot.waitUntil(
            lambda: page.settings.widget().minimumSizeHint().width() <= page.settings.viewport().width(), timeout=2000
        )
        assert page.splitter.widget(1).width() > 200, "room is left for the plots"
    finally:
        theme.apply(qapp, "light", 100)


def test_a_tool_gives_way_to_a_training(qtbot: QtBot, page: TrainPage) -> None:
    QTest.mouseClick(page.settings.tools[1], Qt.MouseButton.LeftButton)
    dialog = page.tools[SpeedDialog]
    qtbot.waitUntil(dialog.cancel.isVisible, timeout=WAIT)
    QTest.mouseClick(page.status.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "a training has begun" in dialog.state.text(), timeout=WAIT)
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert "A training runs" in dialog.problem.text
    page.session.stop()
    qtbot.waitUntil(lambda: not page.session.busy, timeout=WAIT)
    assert dialog.problem.text == ""
    dialog.close()
