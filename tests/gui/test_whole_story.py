"""One person's way from an empty project to a network that reads their handwriting, by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.graph.spec import EdgeSpec
from engine.layers.base import layer_of
from gui import theme
from gui.app import make_application
from gui.main_window import MainWindow
from gui.shell.services import Services
from gui.training.run_curves import RunCurves
from tests.helpers.hands import button, click, drag, drop_layer, join, type_over

CONTROL = Qt.KeyboardModifier.ControlModifier

LENET = [
    ("Input", {}),
    ("Conv2d", {"out_channels": "6", "kernel_size": "5"}),
    ("ReLU", {}),
    ("AvgPool2d", {}),
    ("Conv2d", {"out_channels": "16", "kernel_size": "5"}),
    ("ReLU", {}),
    ("AvgPool2d", {}),
    ("Linear", {"out_features": "120"}),
    ("ReLU", {}),
    ("Linear", {"out_features": "84"}),
    ("ReLU", {}),
    ("Linear", {"out_features": "10"}),
    ("Output", {}),
]


class Vitrine:
    """The program, from start to its end."""

    def __init__(self, qtbot: QtBot) -> None:
        self.app = make_application()
        theme.apply(self.app, "light")
        self.services = Services()
        self.window = MainWindow(self.services)
        self.window.resize(1440, 900)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.services.engine.start()
        self.services.gallery.load()
        qtbot.waitUntil(lambda: self.services.engine.is_ready, timeout=60_000)

    def page(self, id: str) -> Any:
        page = self.window.page(id)
        assert page is not None
        return page

    def go(self, id: str) -> Any:
        """Click a page in the rail."""
        click(button(self.window.rail, id.capitalize()))
        page = self.window.current_page
        assert page is not None
        assert page.id == id
        return page

    def close(self, qtbot: QtBot) -> None:
        with qtbot.waitSignal(self.window.closed, timeout=60_000):
            self.window.close()
        self.window.deleteLater()
        self.services.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def start(qtbot: QtBot) -> Iterator[Callable[[], Vitrine]]:
    """Starts the program; whatever is still open at the end is closed."""
    open_now: list[Vitrine] = []

    def start() -> Vitrine:
        for old in open_now:
            old.close(qtbot)
        open_now[:] = [Vitrine(qtbot)]
        return open_now[0]

    yield start
    for left in open_now:
        left.close(qtbot)


def any_button(root: QWidget, text: str) -> bool:
    """Whether a visible button says `text`."""
    return any(made.isVisible() and made.text().replace("&", "") == text for made in root.findChildren(QPushButton))


def points(curves: RunCurves) -> int:
    """How many training losses are drawn."""
    return max((len(curve) for (plot, _), curve in curves.curves("accuracy").items() if plot == "loss"), default=0)


def draw_lenet(qtbot: QtBot, vitrine: Vitrine) -> list[str]:
    """Drag every layer from the palette, wire them port to port and set what differs from the defaults."""
    page = vitrine.go("build")
    page.view.zoom_to(0.45)
    ids = []
    for row, (type, _) in enumerate(LENET):
        column, line = divmod(row, 7)
        ids.append(drop_layer(page, type, page.view.centre() + QPointF(-220 + 440 * column, -330 + 110 * line)))
    for source, target in pairwise(ids):
        join(page, source, target)
    for id, (_, params) in zip(ids, LENET, strict=True):
        if params:
            node = page.view.mapFromScene(page.scene.nodes[id].pos())
            click(page.view.viewport(), node)
            assert page.scene.selected_nodes() == (id,)
        for name, value in params.items():
            editor = page.inspector.panel.form.editor(name)
            type_over(editor.findChild(QLineEdit) or editor, value)
    for id, (_, params) in zip(ids, LENET, strict=True):
        layer = layer_of(vitrine.services.document.project.network.node(id))
        assert {name: str(getattr(layer, name)) for name in params} == params
    return ids


@pytest.mark.timeout(400)
def test_from_an_empty_project_to_a_network_that_reads_handwriting(
    qtbot: QtBot, start: Callable[[], Vitrine], tmp_path: Path
) -> None:
    vitrine = start()
    services, window = vitrine.services, vitrine.window
    document = services.document

    # A new project with the digits.
    click(button(vitrine.go("home"), "Empty project"))
    qtbot.waitUntil(lambda: document.opening is None)
    data = vitrine.go("data")
    qtbot.waitUntil(lambda: data.model.report is not None and data.model.report.counts.sum() == 1797, timeout=60_000)

    # Draw LeNet-5, without Flatten, and be told.
    ids = draw_lenet(qtbot, vitrine)
    page = vitrine.page("build")
    first_linear = ids[7]
    qtbot.waitUntil(lambda: services.checker.up_to_date and bool(services.checker.analysis.errors), timeout=60_000)
    row = next(row for row in page.drawer.problems.rows if row.problem.node == first_linear)
    assert "16×5×5" in row.problem.message
    assert "400" in row.problem.message
    mark = page.scene.nodes[first_linear].mark
    assert mark is not None
    assert mark.severity == "error"
    assert mark.repairable

    # One click repairs it, and says so on the drawing.
    repair = next(made for made in row.buttons if "Flatten" in made.text())
    qtbot.waitUntil(repair.isVisible)
    click(repair)
    qtbot.waitUntil(lambda: services.checker.up_to_date and not services.checker.analysis.errors, timeout=60_000)
    assert services.checker.analysis.totals.parameters == 61_706
    network = document.project.network
    assert any(node.type == "Flatten" for node in network.nodes)
    assert EdgeSpec(ids[6], first_linear) not in network.edges

    # Train; the curves move. Stop, and go on where it stopped.
    train = vitrine.go("train")
    type_over(train.settings.basic.editor("epochs"), "12")
    qtbot.waitUntil(lambda: document.project.training.epochs == 12)
    click(button(window.top_bar, "Start training"))
    qtbot.waitUntil(lambda: train.session.state == "running", timeout=60_000)
    assert not button(window.top_bar, "Start training").isEnabled(), "one training at a time"
    name = train.session.run_name
    curve = train.run_curves
    qtbot.waitUntil(lambda: name in curve and points(curve[name]) > 5, timeout=120_000)
    seen = points(curve[name])
    qtbot.waitUntil(lambda: points(curve[name]) > seen, timeout=60_000)
    click(train.status.stop)
    qtbot.waitUntil(lambda: not train.session.busy, timeout=60_000)
    qtbot.waitUntil(lambda: any(run.name == name and run.status == "stopped" for run in services.runs.runs))
    click(train.status.resume_run)
    qtbot.waitUntil(lambda: train.session.busy, timeout=60_000)
    qtbot.waitUntil(lambda: not train.session.busy, timeout=180_000)
    qtbot.waitUntil(lambda: any(run.name == name and run.status == "finished" for run in services.runs.runs))
    assert len(services.runs.runs) == 1, "resuming goes on with the run, it does not start another"

    # Evaluate, and look at the pictures behind a cell.
    evaluate = vitrine.go("evaluate")
    click(evaluate.chooser.go)
    qtbot.waitUntil(lambda: evaluate.evaluation is not None, timeout=60_000)
    confusion = evaluate.evaluation.confusion
    assert confusion.sum() == data.model.report.counts[:, 2].sum(), "every test picture, and no other"
    cell = divmod(int(confusion.argmax()), 10)
    click(evaluate.matrix, evaluate.matrix.cell_rect(cell).center().toPoint())
    qtbot.waitUntil(lambda: len(evaluate.pictures.grid.pictures) == confusion[cell])

    # Write a one by hand.
    live = vitrine.go("live")
    live.accept_hint(source="scribble", run=services.runs.runs[0])
    pad = live.stage.pad
    qtbot.waitUntil(pad.isVisible)
    middle = pad.rect().center()
    reach = min(pad.width(), pad.height()) // 3
    drag(pad, middle - QPoint(0, reach), middle + QPoint(0, reach))
    qtbot.waitUntil(lambda: live.panel.answers.bars.result is not None, timeout=60_000)

    # Save, close, start again: everything is as it was.
    vitrine.go("build")
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    folder = tmp_path / "My digits"
    name_field = dialog.findChild(QLineEdit, "fileNameEdit")
    assert name_field is not None
    type_over(name_field, str(folder))
    qtbot.waitUntil(lambda: not dialog.isVisible() or any_button(dialog, "Save"))
    if dialog.isVisible():
        click(button(dialog, "Save"))
    qtbot.waitUntil(lambda: document.saved, timeout=60_000)
    kept = document.project

    again = start()
    again.services.document.open(folder)
    qtbot.waitUntil(lambda: again.services.document.has_place, timeout=60_000)
    assert again.services.document.project == kept
    qtbot.waitUntil(lambda: [run.name for run in again.services.runs.runs] == [name], timeout=60_000)
    page = again.page("build")
    assert set(page.scene.nodes) == {node.id for node in kept.network.nodes}
    train = again.go("train")
    qtbot.waitUntil(lambda: name in train.run_curves)
