"""The window of baselines: fitted one after the other in a process, listed beside the network's runs."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from gui.context import Context
from gui.training import baselines
from gui.training.baselines import BaselinesDialog
from gui.training.page import TrainPage
from tests.helpers.small_project import small_project

WAIT = 60_000
LEFT = Qt.MouseButton.LeftButton


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
    return made


def opened(page: TrainPage) -> BaselinesDialog:
    button = next(each for each in page.findChildren(QPushButton) if each.text() == "Baselines…")
    QTest.mouseClick(button, LEFT)
    return next(iter(page.findChildren(BaselinesDialog)))


def cells(dialog: BaselinesDialog, column: int) -> list[str]:
    model = dialog.table.model()
    return sorted(model.index(row, column).data() for row in range(model.rowCount()))


def test_several_are_fitted_in_turn_and_become_runs(
    qtbot: QtBot, page: TrainPage, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(baselines.USUAL, "classification", ("pixels+bayes", "pixels+logistic"))
    dialog = opened(page)
    QTest.mouseClick(dialog.several, LEFT)
    assert dialog.cancel.isVisible()
    qtbot.waitUntil(lambda: dialog.table.model().rowCount() == 2 and not dialog.busy, timeout=WAIT)
    assert cells(dialog, 1) == ["Pixels + logistic regression", "Pixels + naive Bayes"]
    assert dialog.problem.isHidden()
    runs = context.runs.runs
    assert [run.status for run in runs] == ["finished", "finished"]
    assert min(run.test["accuracy"] for run in runs) > 0.7
    qtbot.waitUntil(lambda: page.runs.runs_model.rowCount() == 2, timeout=WAIT)
    assert "naive Bayes" in page.runs.runs_model.data(
        page.runs.runs_model.index(page.runs.runs_model.row_of(runs[0].name)), Qt.ItemDataRole.AccessibleTextRole
    )
    page.runs.select(runs[0].name)
    assert not page.commands.resume.isEnabled()
    dialog.close()


def test_segmentation_has_its_own_and_other_tasks_none(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    dialog = opened(page)
    assert dialog.features.isVisible()
    document = context.document
    document.edit("Task", document.project.with_(task="segmentation"))
    assert not dialog.features.isVisible()
    assert dialog.chosen().label == "k-means with 4 colours"
    dialog.method.setCurrentIndex(dialog.method.findData("watershed"))
    assert not dialog.clusters.isVisible()
    assert dialog.fit.isEnabled()
    document.edit("Task", document.project.with_(task="detection"))
    assert not dialog.fit.isEnabled()
    assert dialog.about.text() == baselines.NONE
    dialog.close()
