"""The Evaluate page on a real run: every number leads to its pictures, and everything can be saved."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from engine.cancel import CancelSource
from engine.training.job import TrainJob
from engine.training.runs import new_run_dir
from engine.training.spec import TrainingSpec
from gui.context import Context
from gui.evaluation.confusion_matrix import ConfusionMatrix
from gui.evaluation.page import EvaluatePage
from tests.helpers.small_project import small_project

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(qtbot: QtBot, context: Context) -> EvaluatePage:
    made = EvaluatePage(context)
    qtbot.addWidget(made)
    made.resize(1366, 800)
    made.show()
    return made


@pytest.fixture
def run(qtbot: QtBot, context: Context) -> Path:
    project = small_project().with_(training=TrainingSpec(epochs=2, batch_size=64, device="cpu"))
    with qtbot.waitSignal(context.document.replaced, timeout=10_000):
        context.document.new(project)
    folder = new_run_dir(context.document.folder)
    TrainJob(project, context.document.folder, folder)(lambda event: None, CancelSource().token)
    with qtbot.waitSignal(context.runs.changed, timeout=10_000):
        context.runs.refresh()
    context.engine.start()
    qtbot.waitUntil(lambda: context.engine.is_ready, timeout=60_000)
    return folder


def measured(qtbot: QtBot, page: EvaluatePage) -> None:
    qtbot.mouseClick(page.chooser.go, LEFT)
    qtbot.waitUntil(lambda: page.evaluation is not None, timeout=90_000)


def test_without_a_run_the_page_leads_to_train(qtbot: QtBot, page: EvaluatePage, context: Context) -> None:
    assert page.empty.isVisible()
    assert page.empty.title.text() == "There is no trained network yet"
    qtbot.mouseClick(page.empty.button, LEFT)
    assert context.navigate[-1] == ("train", {})


def test_a_run_is_measured_looked_into_and_saved(
    qtbot: QtBot, page: EvaluatePage, context: Context, run: Path, tmp_path: Path
) -> None:
    """One training process for all of it: starting one takes seconds."""
    _cancelled(qtbot, page)
    page.accept_hint(run=run.name)
    qtbot.waitUntil(lambda: page.evaluation is not None, timeout=90_000)
    _numbers_are_those_of_scikit_learn(page)
    _cells_open_their_pictures(qtbot, page)
    _everything_is_written_to_files(qtbot, page, context, tmp_path)
    _another_split_is_measured_and_the_first_is_kept(qtbot, page)


def _cancelled(qtbot: QtBot, page: EvaluatePage) -> None:
    qtbot.mouseClick(page.chooser.go, LEFT)
    assert page.chooser.cancel.isVisible()
    qtbot.mouseClick(page.chooser.cancel, LEFT)
    qtbot.waitUntil(page.chooser.go.isVisible, timeout=60_000)
    assert page.evaluation is None


def _numbers_are_those_of_scikit_learn(page: EvaluatePage) -> None:
    told = page.evaluation
    assert told is not None
    assert (page.matrix.counts == confusion_matrix(told.truth, told.predicted)).all()
    precision, recall, f1, support = precision_recall_fscore_support(told.truth, told.predicted, zero_division=np.nan)
    rows = page.table.export().data.decode().splitlines()[1:]
    for row, *wanted in zip(csv.reader(rows), precision, recall, f1, support, strict=True):
        found = [float(cell) if cell else np.nan for cell in row[1:5]]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
    accuracy = 100 * np.mean(told.truth == told.predicted)
    assert page.headline.values["accuracy"].text() == f"{accuracy:.1f} %"


def _cells_open_their_pictures(qtbot: QtBot, page: EvaluatePage) -> None:
    told = page.evaluation
    assert told is not None
    assert len(page.pictures.grid.pictures) == int((told.truth != told.predicted).sum())
    lopsided = np.argwhere(told.confusion > told.confusion.T)
    truth, taken = (int(place) for place in lopsided[0])
    qtbot.mouseClick(page.matrix, LEFT, pos=page.matrix.cell_rect((truth, taken)).center().toPoint())
    assert len(page.pictures.grid.pictures) == told.confusion[truth, taken]
    assert {picture.caption for picture in page.pictures.grid.pictures} == {f"{truth} → {taken}"}
    cell = (3, 3)
    qtbot.mouseClick(page.matrix, LEFT, pos=page.matrix.cell_rect(cell).center().toPoint())
    assert len(page.pictures.grid.pictures) == told.confusion[cell]
    picture = page.pictures.grid.picture(0)
    assert (picture.caption, picture.mark) == ("3", "right")
    sure = [page.pictures.grid.picture(k).detail for k in range(len(page.pictures.grid.pictures))]
    assert [int(text.removesuffix(" %")) for text in sure] == sorted(
        (int(text.removesuffix(" %")) for text in sure), reverse=True
    )
    qtbot.keyClick(page.matrix, Qt.Key.Key_Right)
    qtbot.keyClick(page.matrix, Qt.Key.Key_Down)
    assert page.matrix.current == (4, 4)
    assert page.pictures.heading.text().startswith("4, recognised")
    qtbot.mouseClick(page.pictures.mistakes, LEFT)
    assert page.matrix.current is None
    assert {picture.mark for picture in page.pictures.grid.pictures} == {"wrong"}
    page.table.setFocus()
    page.table.select_row(8)
    assert page.pictures.heading.text() == "Mistakes about 8"


def _everything_is_written_to_files(qtbot: QtBot, page: EvaluatePage, context: Context, tmp_path: Path) -> None:
    for number, action in enumerate(page.page_actions()):
        action.trigger()
        dialog = page.findChildren(QFileDialog)[-1]
        path = tmp_path / f"{number}.{dialog.defaultSuffix()}"
        before = len(context.notifier.history)
        dialog.fileSelected.emit(str(path))
        dialog.close()
        qtbot.waitUntil(lambda before=before: len(context.notifier.history) > before, timeout=10_000)
        assert path.stat().st_size > 0
    told = page.evaluation
    assert told is not None
    with (tmp_path / "1.csv").open(encoding="utf-8", newline="") as file:
        matrix = [[int(cell) for cell in row[1:]] for row in list(csv.reader(file))[1:]]
    assert (np.array(matrix) == told.confusion).all()
    assert not QImage(str(tmp_path / "2.png")).isNull()
    with (tmp_path / "3.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(told.truth)


def _another_split_is_measured_and_the_first_is_kept(qtbot: QtBot, page: EvaluatePage) -> None:
    first = page.evaluation
    page.chooser.split.setFocus()
    qtbot.keyClick(page.chooser.split, Qt.Key.Key_Down)
    assert page.evaluation is None
    assert page.empty.isVisible()
    measured(qtbot, page)
    assert page.evaluation.split == "validation"
    qtbot.keyClick(page.chooser.split, Qt.Key.Key_Up)
    assert page.evaluation is first


def test_a_matrix_of_many_classes_stays_usable(qtbot: QtBot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    names = tuple(f"a rather long class name {k}" for k in range(120))
    matrix.set_matrix(np.eye(120, dtype=np.int64) * 5, names)
    matrix.resize(matrix.minimumSizeHint())
    matrix.show()
    matrix.grab()
    with qtbot.waitSignal(matrix.current_changed) as seen:
        qtbot.mouseClick(matrix, LEFT, pos=matrix.cell_rect((100, 7)).center().toPoint())
    assert seen.args[0] == (100, 7)
    assert matrix.words((100, 7)) == (
        "a rather long class name 100 taken for a rather long class name 7: 0 pictures (0.0 % of 5)"
    )
