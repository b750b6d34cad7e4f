"""What the small tools of the Train page share: a window beside the page that runs one job and shows its answer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.events import Cancelled, Event, Failed, Finished, Progress
from engine.job import Job
from engine.training.spec import TrainingSpec
from gui import theme
from gui.context import Context
from gui.runtime.jobs import JobHandle
from gui.training.readiness import obstacle
from gui.widgets.notes import ProblemNote, QuietLabel, ThemedLabel


class ToolDialog(QDialog):
    """Not modal. A subclass gives the job and shows what it found.

    Args:
        about: one or two sentences: what the tool does.
        start, take: words of the buttons.
    """

    def __init__(self, context: Context, title: str, about: str, start: str, take: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.context = context
        self._title = title
        self._handle: JobHandle | None = None
        self._training = False
        self.result: Any = None
        self.setWindowTitle(title)
        self.setModal(False)
        self.resize(theme.space(92), theme.space(62))
        self.heading = ThemedLabel(title, "text", "heading", self)
        self.about = QuietLabel(about, self)
        self.waiting = QuietLabel("", self)  # stands where the answer will, so that there is no empty room
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.problem = ProblemNote(self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Progress")
        self.state = QuietLabel("", self)
        self.go = QPushButton(theme.icon("play"), start, self)
        self.go.setToolTip("Nothing of it is kept; no run is made")
        self.go.clicked.connect(self.start)
        self.cancel = QPushButton(theme.icon("stop"), "Cancel", self)
        self.cancel.setToolTip("Stop trying")
        self.cancel.clicked.connect(self._cancel)
        self.take = QPushButton(theme.icon("check"), take, self)
        self.take.clicked.connect(self._take)
        away = QPushButton("Close", self)
        away.setToolTip("Close this window (Esc)")
        away.clicked.connect(self.close)
        for button in (self.go, self.cancel, self.take, away):
            button.setAutoDefault(False)
        self._lay_out(away)
        self._show_state()

    def _lay_out(self, away: QPushButton) -> None:
        foot = QHBoxLayout()
        for button in (self.go, self.cancel):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(away)
        foot.addWidget(self.take)
        room = QWidget(self)  # keeps its place while there is no answer yet
        self.body = QVBoxLayout(room)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.addWidget(self.waiting, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.space(1))
        layout.addWidget(self.heading)
        layout.addWidget(self.about)
        layout.addWidget(room, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.bar)
        layout.addWidget(self.state)
        layout.addLayout(foot)

    def job(self) -> Job:
        """What is to be run, of the project as it is now."""
        raise NotImplementedError

    def show_result(self, result: Any) -> str:
        """Show what was found; returns a sentence about it."""
        raise NotImplementedError

    def changes(self, result: Any) -> dict[str, Any]:
        """The settings that the answer stands for, fields of `TrainingSpec`."""
        raise NotImplementedError

    def taken(self, before: TrainingSpec, after: TrainingSpec) -> str:
        """What is different in the settings now, in a sentence; "" for nothing."""
        raise NotImplementedError

    def show_begun(self) -> None:
        """The job has begun: what was shown of another may go."""

    def show_part(self, event: Event) -> None:
        """The job tells something on its way."""

    def start(self) -> None:
        """Run the job, unless something stands in the way of any training."""
        if self._handle is not None:
            return
        self.problem.show_text("")
        if self._training:
            self.problem.show_text("A training runs. What is tried beside it would tell nothing; try when it is done.")
            return
        found = obstacle(self.context)
        if found is not None:
            self.problem.show_text(found.what)
            return
        handle = self.context.runner.start(self.job(), title=self._title, process=True)
        self._handle = handle
        self.result = None
        self.bar.setRange(0, 0)
        self.state.setText("Getting ready…")
        self.cancel.setEnabled(True)
        self.show_begun()
        handle.event.connect(self._told)
        handle.ended.connect(self._ended)
        self._show_state()

    def _told(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            self.state.setText(f"{event.text}, {event.done:,} of {event.total:,}" if event.total else event.text)
        else:
            self.show_part(event)

    def _ended(self, end: Event) -> None:
        self._handle = None
        self.state.setText("")
        if not isinstance(end, Finished):
            self.waiting.setText("")  # nothing comes any more
        if isinstance(end, Failed):
            self.problem.show_text(str(end.error))
        elif isinstance(end, Finished):
            self.result = end.result
            self.state.setText(self.show_result(end.result))
        elif isinstance(end, Cancelled):
            because = ", because a training has begun" if self._training else ""
            self.state.setText(f"It was stopped{because}. The settings are as they were.")
        self._show_state()

    def give_way(self, training: bool) -> None:
        """A training runs, or none does any more: at the same time each would spoil the other's pace."""
        self._training = training
        if training:
            self._cancel()
        else:
            self.problem.show_text("")

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self.cancel.setEnabled(False)
            self.state.setText("Stopping…")

    def _take(self) -> None:
        document = self.context.document
        before = document.project.training
        training = before.model_copy(update=self.changes(self.result))
        document.edit(self._title, document.project.with_(training=training))
        words = self.taken(before, training)
        self.state.setText(
            f"In the settings now: {words}. Undo takes it back." if words else "The settings say so already."
        )

    def _show_state(self) -> None:
        busy = self._handle is not None
        self.go.setVisible(not busy)
        self.cancel.setVisible(busy)
        self.bar.setVisible(busy)
        self.take.setEnabled(self.result is not None and not busy)
        self.take.setToolTip(
            "Put it into the settings; that can be undone" if self.take.isEnabled() else "There is nothing to take yet"
        )

    def done(self, result: int) -> None:
        self._cancel()  # Esc comes here too, and not by way of a close event
        super().done(result)

    def open_beside(self) -> None:
        """Show the window and start at once."""
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.show()
        self.raise_()
        self.start()
