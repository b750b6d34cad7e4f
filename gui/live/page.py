"""The Live page: a model looks at a camera, a video, pictures or a drawing; one sees what it answers and how fast."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QElapsedTimer, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from engine.events import Event, Failed, Finished
from engine.inference.capture import CaptureState
from engine.inference.detections import Outcome
from engine.inference.live import LiveResult, ModelState
from engine.inference.record_loop import RecordingEnded
from engine.inference.sources.scribble import Board, ScribbleSource
from gui import theme
from gui.actions import make_action
from gui.context import Context, Page
from gui.live.answer_words import heeds_threshold
from gui.live.captures import SaveSnapshot, capture_path
from gui.live.ribbon import Ribbon
from gui.live.side_panel import WIDTH, SidePanel
from gui.live.source_chooser import SCRIBBLE
from gui.live.stage import Stage
from gui.live.weights_panel import WeightsPanel
from gui.runtime.live_runner import LiveRunner

if TYPE_CHECKING:
    from engine.inference.cameras import CameraName
    from engine.inference.predictor import Predictor
    from engine.inference.source import Source

_LAYOUT = "live.splitter"
_FPS = 25.0


class LivePage(Page):
    """Keeps its choices while another page is shown, but lets go of the camera, unless it records."""

    id = "live"
    title = "Live"
    icon = "live"
    order = 60

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.runner = LiveRunner(self)
        self._board = Board()
        self._result: LiveResult | None = None
        self._recorded_for = QElapsedTimer()
        self._shown = False
        self._make_actions()
        self.stage = Stage(self)
        self.weights = WeightsPanel(context, self)
        self.stage.add_panel(self.weights)
        self.ribbon = Ribbon(self)
        self.panel = SidePanel([self.freeze, self.snapshot, self.record], self)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stage, 1)
        column.addWidget(self.ribbon)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.panel)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([1000, WIDTH])
        kept = context.settings.layout(_LAYOUT)
        if kept is not None:
            self.splitter.restoreState(kept)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)
        self._connect()
        self._enable()

    def _make_actions(self) -> None:
        here = Qt.ShortcutContext.WidgetWithChildrenShortcut

        def add(name: str, text: str, key: str, icon: str, tip: str, checkable: bool = False) -> QAction:
            slot = getattr(self, f"_{name}")
            action = make_action(self, text, slot, shortcut=key, icon=icon, tip=tip, scope=here)
            action.setObjectName(f"live.{name}")
            action.setCheckable(checkable)
            self.addAction(action)
            return action

        self.freeze = add("freeze", "Freeze", "F7", "freeze", "Hold the picture; a model can still be changed", True)
        self.snapshot = add("snapshot", "Snapshot", "F8", "snapshot", "Save this picture in the project")
        self.record = add("record", "Record", "F9", "record", "Record a video into the project", True)

    def _connect(self) -> None:
        self.runner.shown.connect(self._show)
        self.runner.capture_changed.connect(self._capture_changed)
        self.runner.model_changed.connect(self._model_changed)
        self.runner.recording_ended.connect(self._recorded)
        self.panel.source.chosen.connect(self._source_chosen)
        self.panel.source.refresh_wanted.connect(self._list_cameras)
        self.panel.model.chosen.connect(self._model_chosen)
        self.panel.references.changed.connect(self._references_changed)
        self.panel.threshold_changed.connect(self._threshold_changed)
        self.panel.overlay_changed.connect(self._overlay_changed)
        self.panel.answers.classes.changed.connect(self._classes_changed)
        self.panel.model.weights_wanted.connect(partial(self.stage.show_panel, self.weights))
        self.weights.closed.connect(self._weights_closed)
        self.weights.found.connect(self.panel.model.set_trained)
        self.weights.model_wanted.connect(self._trained_wanted)
        self.stage.retry_wanted.connect(self.runner.retry)
        self.stage.scribble_wanted.connect(partial(self.panel.source.choose, SCRIBBLE))
        self.stage.pad.drawn.connect(self._drawn)
        self.splitter.splitterMoved.connect(
            lambda: self.context.settings.set_layout(_LAYOUT, self.splitter.saveState())
        )
        self.context.runs.changed.connect(self._runs_changed)
        self._runs_changed()

    # What the shell asks for

    def entered(self) -> None:
        self._shown = True
        self.context.runs.refresh()
        self.weights.look()
        self._list_cameras()
        if self.panel.source.current and not self.runner.watching:
            self._watch(self.panel.source.current)

    def left(self) -> None:
        self._shown = False
        if self.runner.recording is None:
            self.runner.watch(None)
            self.ribbon.clear()

    def shutdown(self) -> None:
        self.runner.shutdown()

    def page_actions(self) -> list[QAction]:
        return [self.freeze, self.snapshot, self.record]

    def accept_hint(self, **hints: Any) -> None:
        """`run=RunInfo` or `model="opencv:face"` chooses what looks, `source="scribble"` or a path what it looks at."""
        if run := hints.get("run"):
            self.panel.model.set_runs(self.context.runs.runs)
            self.panel.model.choose(str(run.folder))
        if model := hints.get("model"):
            self.panel.model.choose(str(model))
        if source := hints.get("source"):
            self.panel.source.choose(str(source))

    # Source

    def _source_chosen(self, text: str) -> None:
        self._watch(text)

    def _watch(self, text: str) -> None:
        self._result = None
        self.freeze.setChecked(False)
        self._name_toggles()
        self.ribbon.clear()
        self.ribbon.set_source(self.panel.source.box.currentText() if text else "")
        self.panel.answers.show_outcome(None, self._hint())
        if not text:
            self.stage.show_empty()
        elif text == SCRIBBLE:
            self.stage.show_pad()
        self.runner.watch(self._maker(text) if text else None)
        self._enable()

    def _maker(self, text: str) -> Any:
        return partial(ScribbleSource, self._board) if text == SCRIBBLE else partial(_make, text)

    def _list_cameras(self) -> None:
        handle = self.context.runner.start(_cameras, title="Looking for cameras", show=False)
        handle.ended.connect(self._cameras_listed)

    def _cameras_listed(self, end: Event) -> None:
        if isinstance(end, Finished):
            self.panel.source.set_cameras(end.result)
        elif isinstance(end, Failed):
            self.context.notifier.error(end.error)

    def _drawn(self, picture: Any) -> None:
        self._board.put(picture)
        if picture is None:
            self._result = None
            self.panel.answers.show_outcome(None, self._hint())
            self.ribbon.clear()
            self._enable()

    def _capture_changed(self, state: CaptureState) -> None:
        if self.panel.source.current == SCRIBBLE or state.status == "stopped":
            return
        self.stage.show_state(state, self._result is not None)

    # Model

    def _runs_changed(self) -> None:
        self.panel.model.set_runs(self.context.runs.runs)

    def _weights_closed(self) -> None:
        self.stage.show_back(self._result is not None)

    def _trained_wanted(self, model: str) -> None:
        self._weights_closed()
        self.panel.model.choose(model)

    def _model_chosen(self, model: str) -> None:
        self.panel.source.set_run(self.panel.model.run)
        self.panel.references.follow(model if self.panel.model.task == "matching" else "")
        self.panel.answers.forget_classes()
        self.panel.answers.show_outcome(None, "")
        references = self.panel.references.folder
        self.runner.use(partial(_open, model, references) if model else None, self.panel.model.name)
        self.panel.answers.show_outcome(None, self._hint())

    def _references_changed(self, folder: Path | None) -> None:
        self.panel.model.choose(self.panel.model.current)

    def _model_changed(self, state: ModelState) -> None:
        error = state.error
        self.panel.references.set_classes(len(state.classes) if state.status == "ready" else 0)
        self.panel.model.problem.show_text(str(error) if error is not None else state.caution)
        if self._result is None or state.status != "ready":
            self.panel.answers.show_outcome(None, self._hint())

    def _hint(self) -> str:
        """What the answer panel says while there is no answer."""
        state = self.runner.model_state
        if not self.panel.model.current:
            return "Choose a model to see what it answers."
        if state.status == "loading" and self.runner.watching:
            return f"Loading {state.name}…"
        if state.status == "failed":
            return "The model cannot be used."
        if self.panel.source.current == SCRIBBLE:
            return "Draw a digit to see what the model takes it for."
        return "Waiting for a picture." if self.panel.source.current else "Choose a source of pictures."

    # Picture

    def _show(self, result: LiveResult) -> None:
        if self.panel.source.current == SCRIBBLE:
            if self.stage.pad.empty:
                return
        elif self._result is None and self.stage.stack.currentWidget() is not self.weights:
            self.stage.show_picture()
        first = self._result is None
        self._result = result
        self.stage.picture.show_frame(result.frame, result.outcome, result.layer)
        self.stage.picture.set_marks(self.freeze.isChecked(), self._record_words())
        self.panel.answers.follow(result.outcome, "" if result.outcome is not None else self._hint())
        self.panel.offer_threshold(heeds_threshold(result.outcome))
        self.ribbon.show_result(result)
        if first:
            self._enable()

    def _threshold_changed(self, threshold: float) -> None:
        self.runner.threshold(threshold)
        self.stage.picture.set_threshold(threshold)
        self.panel.answers.set_threshold(threshold)
        self.runner.draw_into_recording(self._drawn_threshold, self._hidden)

    def _overlay_changed(self, on: bool) -> None:
        self.stage.picture.set_overlay(on)
        self.runner.draw_into_recording(self._drawn_threshold, self._hidden)

    def _classes_changed(self, hidden: frozenset[int]) -> None:
        self.stage.picture.set_hidden(hidden)
        self.runner.draw_into_recording(self._drawn_threshold, hidden)

    def _enable(self) -> None:
        """Freeze, snapshot and record need a picture; their tooltips say so."""
        there = self._result is not None
        for action, tip in (
            (self.freeze, "Hold the picture (F7)"),
            (self.snapshot, "Save this picture in the project (F8)"),
            (self.record, "Record a video into the project (F9)"),
        ):
            action.setEnabled(there or action.isChecked())
            action.setToolTip(tip if action.isEnabled() else f"{tip}. There is no picture yet.")

    def _name_toggles(self) -> None:
        """The words of a button say what it will do."""
        self.freeze.setText("Go on" if self.freeze.isChecked() else "Freeze")
        self.record.setText("Stop" if self.record.isChecked() else "Record")
        self.record.setIcon(theme.icon("stop" if self.record.isChecked() else "record", "problem"))

    def _freeze(self) -> None:
        self._name_toggles()
        self.runner.freeze(self.freeze.isChecked())
        self.stage.picture.set_marks(self.freeze.isChecked(), self._record_words())

    # Captures

    @property
    def _drawn_threshold(self) -> float | None:
        return self.panel.threshold if self.panel.overlay.isChecked() else None

    @property
    def _hidden(self) -> frozenset[int]:
        return self.panel.answers.classes.hidden

    def _snapshot(self) -> None:
        if self._result is None:
            return
        path = capture_path(self.context.document.folder, ".png")
        outcome: Outcome | None = self._result.outcome
        job = SaveSnapshot(path, self._result.frame, outcome, self._drawn_threshold, self._hidden)
        self.context.runner.start(job, title="Saving a snapshot", show=False).ended.connect(self._snapshot_saved)

    def _snapshot_saved(self, end: Event) -> None:
        if isinstance(end, Failed):
            self.context.notifier.error(end.error)
        elif isinstance(end, Finished):
            self._saved("Snapshot", end.result)

    def _record(self) -> None:
        if not self.record.isChecked():
            self.runner.stop_recording()
        elif self.runner.recording is None:
            path = capture_path(self.context.document.folder, ".mp4")
            self.runner.record(path, _FPS, self._drawn_threshold, self._hidden)
            self._recorded_for.start()
        self._name_toggles()

    def _record_words(self) -> str:
        """How long the recording is, such as "0:07"; "" while none is made."""
        if self.runner.recording is None:
            return ""
        seconds = self._recorded_for.elapsed() // 1000
        return f"{seconds // 60}:{seconds % 60:02}"

    def _recorded(self, ended: RecordingEnded) -> None:
        self.record.setChecked(False)
        self._name_toggles()
        self.stage.picture.set_marks(self.freeze.isChecked(), "")
        if ended.error is not None:
            self.context.notifier.error(ended.error)
        elif not ended.frames:
            self.context.notifier.show(
                "warning", "The recording is empty, so no file was kept.", "Record while pictures come."
            )
        else:
            left_out = f" {ended.left_out} pictures were left out because the disk is slow." if ended.left_out else ""
            self._saved(f"Recording of {ended.seconds:.0f} s", ended.path, left_out)
        if not self._shown:
            self.left()

    def _saved(self, what: str, path: Path, more: str = "") -> None:
        show = partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(path.parent)))
        self.context.notifier.show("success", f"{what} saved as {path.name}.{more}", action=("Show folder", show))


def _make(text: str) -> Source:
    from engine.inference.source import make_source

    return make_source(text, live=True, loop=True)


def _open(model: str, references: Path | None) -> Predictor:
    from engine.inference.predictor import PREFIX, open_predictor

    if not model.startswith(PREFIX):
        from engine.inference.threads import leave_a_core_free

        leave_a_core_free()
    return open_predictor(model, references=references)


def _cameras(emit: Any, token: Any) -> tuple[CameraName, ...]:
    from engine.inference.cameras import list_cameras

    return list_cameras()
