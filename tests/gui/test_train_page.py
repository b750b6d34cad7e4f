"""The Train page on a real training of the digits, in the process that the window would use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.datasets.spec import Choice
from engine.graph.edits import disconnect, set_params
from engine.graph.spec import EdgeSpec
from engine.project.spec import ProjectSpec
from engine.training.events import Advice
from engine.training.spec import TrainingSpec
from gui.context import Context
from gui.training.page import TrainPage
from tests.helpers.small_project import small_project

LEFT = Qt.MouseButton.LeftButton


def project(epochs: int = 3, **more: object) -> ProjectSpec:
    return small_project().with_(training=TrainingSpec(epochs=epochs, batch_size=64, device="cpu", **more))


@pytest.fixture
def page(qtbot: QtBot, context: Context) -> TrainPage:
    made = TrainPage(context)
    qtbot.addWidget(made)
    made.resize(1366, 800)
    made.show()
    return made


def opened(qtbot: QtBot, context: Context, given: ProjectSpec) -> None:
    with qtbot.waitSignal(context.document.replaced, timeout=10_000):
        context.document.new(given)


def ready(qtbot: QtBot, context: Context) -> None:
    context.engine.start()
    qtbot.waitUntil(lambda: context.engine.is_ready, timeout=60_000)
    qtbot.waitUntil(lambda: context.checker.up_to_date and context.checker.analysis is not None, timeout=20_000)


def shown(page: TrainPage) -> set[str]:
    return {label.text() for label in page.findChildren(QLabel) if label.isVisible() and label.text()}


def test_without_a_network_the_page_says_why_nothing_can_start(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    assert not page.status.start.isEnabled()
    assert page.status.state.text().startswith("There is no network yet")
    qtbot.mouseClick(page.status.lead, LEFT)
    assert context.navigate[-1][0] == "build"
    page.accept_hint(start=True)
    assert context.notifier.history[-1].what == "The training cannot start."


def test_a_problem_of_the_network_is_named_and_leads_to_it(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    opened(qtbot, context, project())
    ready(qtbot, context)
    assert page.status.start.isEnabled()
    context.document.edit_network("Cut", lambda spec: disconnect(spec, EdgeSpec("flatten1", "linear1")))
    qtbot.waitUntil(lambda: "problem" in page.status.state.text(), timeout=20_000)
    assert not page.status.start.isEnabled()
    qtbot.mouseClick(page.status.lead, LEFT)
    assert context.navigate[-1] == ("build", {"problems": True})
    context.document.undo_stack.undo()
    qtbot.waitUntil(page.status.start.isEnabled, timeout=20_000)


def test_a_network_for_another_task_is_refused_in_plain_words(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    from engine.gallery import open_network

    opened(qtbot, context, project())
    ready(qtbot, context)
    context.document.edit_network("A pair", lambda spec: open_network("siamese"))
    qtbot.waitUntil(lambda: "2 inputs (left, right)" in page.status.state.text(), timeout=20_000)
    assert not page.status.start.isEnabled()
    qtbot.mouseClick(page.status.lead, LEFT)
    assert context.navigate[-1] == ("build", {"problems": True})


def test_settings_are_steps_that_can_be_undone(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    opened(qtbot, context, project(epochs=3))
    line = page.settings.basic.editor("epochs").lineEdit()
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "25")
    qtbot.waitUntil(lambda: context.document.project.training.epochs == 25, timeout=3000)
    assert context.document.undo_stack.undoText() == "Change epochs"
    page.settings.basic.editor("optimiser").combo.setFocus()
    qtbot.keyClick(page.settings.basic.editor("optimiser").combo, Qt.Key.Key_End)
    assert context.document.project.training.optimiser.id != "adam"
    context.document.undo_stack.undo()
    context.document.undo_stack.undo()
    assert context.document.project.training == project(epochs=3).training
    assert line.text() == "3"
    line.selectAll()
    qtbot.keyClicks(line, "0")
    qtbot.waitUntil(lambda: page.status.state.text() == "Epochs: Must be at least 1.", timeout=3000)
    assert not page.status.start.isEnabled()
    assert context.document.project.training.epochs == 3


def test_a_training_is_started_watched_paused_resumed_stopped_and_taken_up_again(
    qtbot: QtBot, page: TrainPage, context: Context
) -> None:
    session = page.session
    opened(qtbot, context, project(epochs=5000))
    ready(qtbot, context)
    qtbot.mouseClick(page.status.start, LEFT)
    loss = lambda: page.curves.plots["loss"].curves.get(("run-001", "training"))  # noqa: E731
    qtbot.waitUntil(lambda: loss() is not None and len(loss()) > 50, timeout=90_000)
    qtbot.waitUntil(lambda: bool(page.curves.plots["loss"].surface.shown_lines()), timeout=5000)
    qtbot.waitUntil(lambda: session.epoch is not None and len(page.samples.grid.pictures) == 16, timeout=20_000)
    qtbot.waitUntil(lambda: "of 5000" in page.status.epoch.value.text(), timeout=5000)
    assert page.status.speed.value.text().endswith("img/s")
    assert page.samples.grid.picture(0).mark in ("right", "wrong")

    qtbot.mouseClick(page.status.pause, LEFT)
    qtbot.waitUntil(lambda: session.state == "paused", timeout=10_000)
    assert page.status.pause.text() == "Resume"
    minutes, points = session.minutes(), len(loss())
    qtbot.mouseClick(page.status.pause, LEFT)
    qtbot.waitUntil(lambda: len(loss()) > points + 50, timeout=20_000)
    assert session.minutes() > minutes

    qtbot.mouseClick(page.status.stop, LEFT)
    qtbot.waitUntil(lambda: not session.busy, timeout=20_000)
    qtbot.waitUntil(lambda: [run.status for run in context.runs.runs] == ["stopped"], timeout=10_000)
    done = context.runs.runs[0].epochs_done
    assert done >= 1
    assert page.runs.current_run == context.runs.runs[0]

    more = context.document.project.training.model_copy(update={"epochs": done + 2})
    context.document.edit("Fewer", context.document.project.with_(training=more))
    qtbot.waitUntil(page.status.resume_run.isVisible, timeout=5000)
    qtbot.mouseClick(page.status.resume_run, LEFT)
    qtbot.waitUntil(lambda: session.info is not None and not session.busy, timeout=60_000)
    assert session.info.first_epoch <= done
    qtbot.waitUntil(lambda: [run.status for run in context.runs.runs] == ["finished"], timeout=10_000)
    assert context.runs.runs[0].epochs_done == done + 2
    steps = loss().x("step")
    assert (steps[1:] > steps[:-1]).all()
    card = page.cards.cards[-1]
    assert "run-001 has finished" in card.what
    card.acted.emit()
    assert context.navigate[-1] == ("evaluate", {"run": "run-001"})


def test_a_training_that_fails_says_why_and_leads_to_the_node(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    opened(qtbot, context, project(optimiser=Choice(id="sgd", options={"learning_rate": 100})))
    context.document.edit_network("Grow", lambda spec: set_params(spec, "input1", shape=[1, 16, 16]))
    ready(qtbot, context)
    page.start()
    qtbot.waitUntil(lambda: page.session.end is not None, timeout=90_000)
    page.cards.cards[-1].acted.emit()
    assert context.navigate[-1] == ("build", {"node": "input1"})

    context.document.undo_stack.undo()
    qtbot.waitUntil(page.status.start.isEnabled, timeout=20_000)
    page.start()
    qtbot.waitUntil(lambda: not page.session.busy and page.session.end is not None, timeout=90_000)
    card = page.cards.cards[-1]
    assert card.severity == "problem"
    assert "learning rate" in card.accessibleName()


def test_advice_is_shown_as_a_card(page: TrainPage) -> None:
    page.session.told.emit(Advice("overfitting", "It learns by heart.", "Add augmentation."))
    assert {"It learns by heart.", "Add augmentation."} <= shown(page)


@pytest.fixture
def two_runs(qtbot: QtBot, page: TrainPage, context: Context) -> Callable[[], list[str]]:
    """Two finished runs in the project's folder, made by the engine itself."""
    from engine.cancel import CancelSource
    from engine.training.job import TrainJob
    from engine.training.runs import new_run_dir

    opened(qtbot, context, project(epochs=2))
    folder = context.document.folder
    for _ in range(2):
        TrainJob(context.document.project, folder, new_run_dir(folder))(lambda event: None, CancelSource().token)
    with qtbot.waitSignal(context.runs.changed, timeout=10_000):
        context.runs.refresh()
    return lambda: [run.name for run in context.runs.runs]


def test_runs_are_overlaid_renamed_and_thrown_away_with_a_way_back(
    qtbot: QtBot,
    page: TrainPage,
    context: Context,
    two_runs: Callable[[], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    drawn = lambda: {key[0] for key in page.curves.plots["loss"].curves}  # noqa: E731
    assert drawn() == {"run-002"}
    row = page.runs.visualRect(page.runs.model().index(1, 0))
    qtbot.mouseClick(page.runs.viewport(), LEFT, pos=QPoint(row.x() + 14, row.center().y()))
    assert drawn() == {"run-001", "run-002"}
    hues = {curve.style.hue for curve in page.curves.plots["loss"].curves.values()}
    assert len(hues) == 2
    page.runs.select("run-002")
    page.runs.setFocus()
    qtbot.keyClick(page.runs, Qt.Key.Key_Space)
    assert drawn() == {"run-001"}

    page.commands.rename_to(context.runs.runs[0], "small net")
    qtbot.waitUntil(lambda: "small net" in two_runs(), timeout=10_000)
    qtbot.waitUntil(lambda: drawn() == {"small net"}, timeout=5000)
    page.commands.rename_to(context.runs.runs[0], "a/b")
    qtbot.waitUntil(lambda: any("cannot be called" in note.what for note in context.notifier.history), timeout=5000)

    page.runs.select("small net")
    page.commands.trash.trigger()
    qtbot.waitUntil(lambda: two_runs() == ["run-002"], timeout=10_000)
    qtbot.waitUntil(lambda: context.notifier.history[-1].action is not None, timeout=5000)
    context.notifier.history[-1].action[1]()
    qtbot.waitUntil(lambda: "small net" in two_runs(), timeout=10_000)


def test_another_project_shows_nothing_of_the_last_training(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    opened(qtbot, context, project(epochs=1))
    ready(qtbot, context)
    qtbot.mouseClick(page.status.start, LEFT)
    with qtbot.waitSignal(page.session.ended, timeout=90_000):
        pass
    assert page.status.bar.isVisible()
    assert page.curves.plots["measure"].title == "Accuracy"
    opened(qtbot, context, project().with_(task="denoising"))
    assert page.session.info is None
    assert not page.status.bar.isVisible()
    assert page.curves.plots["measure"].title == "PSNR"
    names = [page.curves.measure.itemText(index) for index in range(page.curves.measure.count())]
    assert names == ["PSNR"]


def test_the_time_left_is_the_same_wherever_it_is_told(qtbot: QtBot, page: TrainPage, context: Context) -> None:
    opened(qtbot, context, project(epochs=5000))
    ready(qtbot, context)
    qtbot.mouseClick(page.status.start, LEFT)
    qtbot.waitUntil(lambda: page.session.seconds_left() is not None, timeout=90_000)
    (handle,) = [handle for handle in context.runner.handles if handle.show]
    page.session.pause()
    qtbot.waitUntil(lambda: page.session.state == "paused", timeout=10_000)
    assert handle.seconds_left() == page.session.seconds_left()
    page.session.stop()
    qtbot.waitUntil(lambda: not page.session.busy, timeout=20_000)
