"""The training that goes on now, without any widget: starting, pausing, stopping, and what it has told so far."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS
from engine.events import Cancelled, Emit, Event, Failed, Finished, Terminal
from engine.project.places import runs_root
from engine.project.spec import ProjectSpec
from engine.training.events import EpochDone, RunStarted, RunSummary, StepsDone
from engine.training.job import TrainJob
from engine.training.runs import RunInfo, new_run_dir
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.widgets.measure_words import headline_of

State = Literal["idle", "preparing", "running", "paused", "stopping"]


class TrainingSession(QObject):
    """At most one training at a time, in a process of its own.

    Signals:
        state_changed(): `state` is different now.
        told(object): an event of the training, after the properties here have taken it in.
        ended(object): the `Terminal` that it ended with.
    """

    state_changed = Signal()
    told = Signal(object)
    ended = Signal(object)

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._handle: JobHandle | None = None
        self._project = ProjectSpec()
        self.state: State = "idle"
        self.root = Path()
        self.run_dir: Path | None = None  # of the training that goes on, or that ended last
        self.resumed: RunInfo | None = None
        self.info: RunStarted | None = None
        self.steps: StepsDone | None = None
        self.epoch: EpochDone | None = None
        self.best: EpochDone | None = None
        self.end: Terminal | None = None
        self._clock = _Clock()
        context.document.replaced.connect(self._replaced)
        self._show_actions()

    @property
    def unit(self) -> str:
        """What one sample is called where there is little room."""
        id = self._context.document.project.data.source.id
        return "img" if id not in DATASETS or DATASETS.get(id).kind == "pictures" else "samples"

    @property
    def busy(self) -> bool:
        return self.state != "idle"

    @property
    def run_name(self) -> str:
        return self.run_dir.name if self.run_dir is not None else ""

    @property
    def headline(self) -> str:
        """The measure by which the best epoch is chosen."""
        return headline_of(self.task)

    @property
    def task(self) -> str:
        """The task of the training that goes on, or that ended last."""
        return self.resumed.task if self.resumed is not None else self._project.task

    def start(self) -> None:
        """Train the project as it is now, in a new run. Does nothing while another training goes on."""
        if self.busy:
            return
        self._begin(None)
        handle = self._context.runner.start(partial(_make_run, self.root), title="Making a new run", show=False)
        self._handle = handle
        handle.ended.connect(self._made)

    def resume_run(self, run: RunInfo) -> None:
        """Go on with `run` from its last checkpoint, with its own settings but the epochs and device of the project."""
        if not self.busy:
            self._begin(run)
            self._train(run.folder)

    def pause(self) -> None:
        if self._handle is not None and self.state == "running":
            self._handle.pause()

    def resume(self) -> None:
        if self._handle is not None and self.state == "paused":
            self._handle.resume()

    def stop(self) -> None:
        """Stop after the step at hand; a checkpoint is kept, so the run can be resumed."""
        if self._handle is not None and self.busy:
            self._handle.cancel()
            self._set("stopping")

    def minutes(self) -> float:
        """Minutes of training in this run so far, without pauses."""
        return self._clock.seconds() / 60

    def seconds_left(self) -> float | None:
        """An estimate from the steps of this session; None while nothing is known."""
        if self.info is None or self.steps is None:
            return None
        total = self.info.epochs * self.info.steps_per_epoch
        first = self.info.first_epoch * self.info.steps_per_epoch
        done = self.steps.steps[-1] - first
        if done <= 0 or not total:
            return None
        return self._clock.session_seconds() / done * max(0, total - self.steps.steps[-1])

    # inside

    def _begin(self, resumed: RunInfo | None) -> None:
        self._project = self._context.document.project
        self.root = self._context.document.folder
        self.resumed = resumed
        self.run_dir = resumed.folder if resumed is not None else None
        self.info = self.steps = self.epoch = self.best = self.end = None
        self._clock = _Clock()
        self._set("preparing")

    def _made(self, end: Event) -> None:
        if isinstance(end, Finished) and self.state == "preparing":
            self._train(end.result)
        else:
            self._over(end if isinstance(end, Failed) else Cancelled())

    def _train(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        job = TrainJob(self._project, self.root, run_dir, resume=self.resumed is not None)
        self._handle = self._context.runner.start(job, title=f"Training {run_dir.name}", process=True)
        self._handle.estimate = self.seconds_left  # one estimate, wherever it is shown
        self._handle.event.connect(self._heard)
        self._handle.ended.connect(self._over)
        self._handle.state_changed.connect(self._handle_changed)
        self.state_changed.emit()

    def _heard(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.info = event
            if self.resumed is None:
                self._context.checker.learn_count(self._project.data, event.samples)
            self._clock.begin(self._seconds_before())
            if self.state == "preparing":
                self._set("running")
            self._context.runs.refresh(select=self.run_name)
        elif isinstance(event, StepsDone):
            self.steps = event
        elif isinstance(event, EpochDone):
            self.epoch = event
            self._clock.set(event.seconds)
            if event.best:
                self.best = event
        self.told.emit(event)

    def _seconds_before(self) -> float:
        """Seconds of training that the checkpoint which a resumed run starts from had seen."""
        rows = self.resumed.rows if self.resumed is not None and self.info is not None else ()
        kept = [row.get("seconds", 0.0) for row in rows if self.info is None or row["epoch"] <= self.info.first_epoch]
        return kept[-1] if kept else 0.0

    def _handle_changed(self) -> None:
        handle = self._handle
        if handle is None or not handle.running:
            return
        if handle.cancelling:
            self._set("stopping")
        elif handle.paused:
            self._clock.stop()
            self._set("paused")
        elif self.state == "paused":
            self._clock.go()
            self._set("running")

    def _over(self, end: Event) -> None:
        self._handle = None
        self._clock.stop()
        if isinstance(end, Finished) and isinstance(end.result, RunSummary):
            self._clock.finish(end.result.seconds)
        self.end = end if isinstance(end, Terminal) else None
        self._set("idle")
        self.ended.emit(end)
        if self.root == self._context.document.folder:
            self._context.runs.refresh(select=self.run_name)
        else:
            self._forget()
            self.state_changed.emit()

    def _forget(self) -> None:
        """Another project is there, which has nothing to do with the last training."""
        self.run_dir = self.resumed = None
        self.info = self.steps = self.epoch = self.best = self.end = None

    def _replaced(self) -> None:
        if not self.busy:
            self._forget()
        elif self.root != self._context.document.folder:
            self.stop()
            self._context.notifier.show(
                "info",
                f"The training of {self._project.name} was stopped, because another project was opened.",
                "It can be resumed there.",
            )

    def _set(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._show_actions()
            self.state_changed.emit()

    def _show_actions(self) -> None:
        """Let the window's own commands say what they would do now."""
        actions = self._context.actions
        if "train.pause" in actions:
            actions["train.pause"].setText("&Resume training" if self.state == "paused" else "&Pause training")
            actions["train.pause"].setEnabled(self.state in ("running", "paused"))
        if "train.start" in actions:
            start = actions["train.start"]
            start.setEnabled(not self.busy)
            start.setToolTip(
                "A training is running; stop it first (Shift+F5)"
                if self.busy
                else "Train the network on the data of this project (F5)"
            )
        if "train.stop" in actions:
            actions["train.stop"].setEnabled(self.busy and self.state != "stopping")


def _make_run(root: Path, emit: Emit, token: CancelToken) -> Path:
    return new_run_dir(runs_root(root))


class _Clock:
    """Seconds of training: set by what the training tells, running on between, standing still in pauses."""

    def __init__(self) -> None:
        self._known = 0.0
        self._since: float | None = None
        self._session = 0.0
        self._session_since: float | None = None

    def begin(self, seconds: float) -> None:
        self._known, self._session = seconds, 0.0
        self._since = self._session_since = time.monotonic()

    def set(self, seconds: float) -> None:
        self._known = max(seconds, self._known)
        if self._since is not None:
            self._since = time.monotonic()

    def stop(self) -> None:
        self._known, self._session = self.seconds(), self.session_seconds()
        self._since = self._session_since = None

    def finish(self, seconds: float) -> None:
        self._known = seconds

    def go(self) -> None:
        self._since = self._session_since = time.monotonic()

    def seconds(self) -> float:
        return self._known + (time.monotonic() - self._since if self._since is not None else 0.0)

    def session_seconds(self) -> float:
        since = self._session_since
        return self._session + (time.monotonic() - since if since is not None else 0.0)
