"""The tools of the Train page that choose settings by trying them, and the slider from stochastic to full batch."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.datasets.spec import DataSpec
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
    assert "Suggested" in dialog.state.text()
    QTest.mouseClick(dialog.take, Qt.MouseButton.LeftButton)
    rate = document.project.training.optimiser.options["learning_rate"]
    assert rate == pytest.approx(dialog.result.suggested, rel=0.06)
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
