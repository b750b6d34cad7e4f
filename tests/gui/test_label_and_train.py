"""One person's way from pictures without labels to a network that finds things in them, by mouse and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine import paths
from engine.datasets.spec import Choice
from engine.gallery.base import open_network
from engine.graph import edits
from engine.labelling import store
from gui import theme
from gui.app import make_application
from gui.document.gallery import project_for
from gui.main_window import MainWindow
from gui.shell.services import Services
from tests.helpers.hands import button, carry_over, click, drag, let_go, type_over
from tests.helpers.label_page import at, ready

SIDE = 64
BOXES = {"1.png": (8, 10, 28, 30), "2.png": (30, 6, 54, 30), "3.png": (12, 34, 34, 56)}
"""Where the one square of each picture lies."""


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The whole program, with its engine running."""
    app = make_application()
    theme.apply(app, "light")
    services = Services()
    window = MainWindow(services)
    window.resize(1440, 900)
    window.show()
    qtbot.waitExposed(window)
    services.engine.start()
    qtbot.waitUntil(lambda: services.engine.is_ready, timeout=60_000)
    yield window
    with qtbot.waitSignal(window.closed, timeout=60_000):
        window.close()
    window.deleteLater()
    services.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def go(window: MainWindow, id: str) -> Any:
    """Click a page in the rail."""
    click(window.rail.button(id))
    page = window.current_page
    assert page is not None
    assert page.id == id
    return page


def save_squares(folder: Path) -> Path:
    """One bright square on a dark ground in each picture."""
    folder.mkdir()
    for name, (left, top, right, bottom) in BOXES.items():
        picture = np.full((SIDE, SIDE, 3), 40, np.uint8)
        picture[top:bottom, left:right] = (220, 190, 60)
        Image.fromarray(picture).save(folder / name)
    return folder


@pytest.mark.timeout(240)
def test_label_boxes_on_three_pictures_and_train_a_detector_on_them(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    document, runs = window.context.document, window.context.runs
    network = open_network("yolo_small", num_classes=1, channels=16)
    network = edits.set_params(network, network.inputs[0].id, shape=(3, SIDE, SIDE))
    document.new(project_for(network))
    qtbot.waitUntil(lambda: document.opening is None and document.project.network.nodes != ())

    # Drop a folder of pictures onto the page and name what is to be found.
    page = go(window, "label")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(save_squares(tmp_path / "squares")))])
    middle = QPointF(page.rect().center())
    assert carry_over(page, mime, middle)
    assert let_go(page, mime, middle)
    qtbot.waitUntil(lambda: len(page.model.labels.pictures) == 3, timeout=20_000)
    type_over(page.classes.name, "square")
    page.canvas.setFocus()

    # A box on every picture with the mouse; one is drawn wrongly, undone and drawn again.
    for number in range(3):
        ready(qtbot, page)
        left, top, right, bottom = BOXES[page.model.file.rsplit("/", 1)[-1]]
        if number == 1:
            drag(page.canvas, at(page, 1, 1), at(page, 60, 60))
            assert len(page.model.objects) == 1
            QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            assert page.model.objects == ()
        drag(page.canvas, at(page, left, top), at(page, right, bottom))
        assert len(page.model.objects) == 1
        QTest.keyClick(page.canvas, Qt.Key.Key_N)
    assert page.outcome.count.text() == "3 of 3 pictures, 3 objects"

    # Train on them.
    click(button(page, "Train on these"))
    train = window.current_page
    assert train is not None
    assert train.id == "train"
    assert (document.project.task, document.project.data.source) == ("detection", Choice(id="labelled"))
    qtbot.waitUntil(lambda: page.model.saved, timeout=20_000)
    assert all(picture.done for picture in store.load(document.folder / "labels").pictures)
    type_over(train.settings.basic.editor("epochs"), "2")
    qtbot.waitUntil(lambda: document.project.training.epochs == 2)
    qtbot.waitUntil(lambda: window.context.checker.up_to_date, timeout=60_000)
    click(button(window.top_bar, "Start training"))
    qtbot.waitUntil(lambda: train.session.busy, timeout=60_000)
    qtbot.waitUntil(lambda: not train.session.busy, timeout=180_000)
    qtbot.waitUntil(lambda: any(run.status == "finished" for run in runs.runs), timeout=20_000)
    assert train.samples.grid.pictures, "the answers on sample pictures are shown"

    # Its predictions, as proposals on the picture: after so few steps none is sure, so the slider is drawn far down.
    page = go(window, "label")
    qtbot.waitUntil(lambda: page.proposals.box.findData(str(runs.runs[0].folder)) > 0, timeout=20_000)
    page.proposals.choose(str(runs.runs[0].folder))
    page.proposals.threshold.setValue(page.proposals.threshold.minimum())
    click(page.proposals.go)
    qtbot.waitUntil(lambda: page.proposals.go.isEnabled(), timeout=60_000)
    assert page.proposals.problem.text == ""
    assert page.model.proposals
    assert all(proposal.name == "square" and proposal.score < 0.5 for proposal in page.model.proposals)


@pytest.mark.timeout(120)
def test_own_classes_in_a_sample_that_knows_others_can_be_trained_at_once(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    document, checker = window.context.document, window.context.checker
    document.open_copy(paths.resources() / "samples" / "shapes_detection", tmp_path / "Find shapes")
    qtbot.waitUntil(lambda: document.opening is None and document.project.network.nodes != (), timeout=20_000)
    before = document.project
    page = go(window, "label")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(save_squares(tmp_path / "squares")))])
    middle = QPointF(page.rect().center())
    assert carry_over(page, mime, middle)
    assert let_go(page, mime, middle)
    qtbot.waitUntil(lambda: len(page.model.labels.pictures) == 3, timeout=20_000)
    for name in ("cup", "plate", "fork", "object", "spoon"):
        type_over(page.classes.name, name)
    page.canvas.setFocus()
    for number in "125":
        ready(qtbot, page)
        left, top, right, bottom = BOXES[page.model.file.rsplit("/", 1)[-1]]
        QTest.keyClicks(page.canvas, number)
        drag(page.canvas, at(page, left, top), at(page, right, bottom))
        QTest.keyClick(page.canvas, Qt.Key.Key_N)
    assert page.outcome.count.text() == "3 of 3 pictures, 3 objects"
    click(button(page, "Train on these"))
    train = window.current_page
    assert train is not None
    assert train.id == "train"
    notes = window.context.notifier
    qtbot.waitUntil(lambda: "The network now tells 5 classes." in [note.what for note in notes.history], timeout=60_000)
    qtbot.waitUntil(lambda: checker.up_to_date, timeout=60_000)
    assert train.status.start.isEnabled(), train.status.state.text()
    assert checker.analysis is not None
    assert [problem for problem in checker.analysis.problems if problem.severity != "info"] == []

    # One step of undo takes back the data and the network.
    note = next(note for note in notes.history if note.action is not None)
    assert note.action is not None
    assert note.action[0] == "Undo"
    note.action[1]()
    assert (document.project.data, document.project.network) == (before.data, before.network)

    # Without it, nothing can start, and what to do is said and a click away.
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    document.edit_network("As before", before.network)
    qtbot.waitUntil(lambda: checker.up_to_date, timeout=60_000)
    assert not train.status.start.isEnabled()
    assert "5 classes and four distances make 9" in train.status.start.toolTip()
    click(button(window.top_bar, "Start training"))
    assert notes.history[-1].what == "The training cannot start."
    assert notes.history[-1].action[0] == "Set the network's number of classes to 5"
    click(train.status.lead)
    qtbot.waitUntil(lambda: checker.up_to_date and train.status.start.isEnabled(), timeout=60_000)
