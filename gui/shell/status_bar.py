"""The bar below the page: machine, running job, problems, and whether the work is saved."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from gui import theme
from gui.actions import Actions
from gui.document.checker import Checker
from gui.document.document import Document
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.monitor import Monitor
from gui.widgets import words

REFRESH_MS = 250


class JobView(QWidget):
    """The oldest job that is worth showing: its words, bar, time left, and a button that cancels it."""

    def __init__(self, runner: JobRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self._runner = runner
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space(1))
        self.text = QLabel(self)
        self.bar = QProgressBar(self)
        self.bar.setFixedWidth(140)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the running job")
        self.left = QLabel(self)
        self.cancel = QToolButton(self)
        self.cancel.setText("Cancel")
        self.cancel.setToolTip("Stop the running job")
        self.cancel.setAutoRaise(True)
        self.cancel.clicked.connect(self._cancel)
        for widget in (self.text, self.bar, self.left, self.cancel):
            row.addWidget(widget)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        runner.jobs_changed.connect(self.refresh)
        self.refresh()

    def current(self) -> JobHandle | None:
        return next((handle for handle in self._runner.handles if handle.show), None)

    def refresh(self) -> None:
        """Show the state of now; called a few times a second while something runs."""
        handle = self.current()
        self.setVisible(handle is not None)
        if handle is None:
            self._timer.stop()
            return
        if not self._timer.isActive():
            self._timer.start()
        more = sum(1 for other in self._runner.handles if other.show) - 1
        state = "stopping" if handle.cancelling else "paused" if handle.paused else ""
        progress = handle.progress
        parts = [handle.title, progress.text if progress and progress.text != handle.title else "", state]
        text = " · ".join(part for part in parts if part) + (f" (and {more} more)" if more else "")
        self.text.setText(text)
        self.text.setToolTip(text)
        self.bar.setRange(0, progress.total if progress else 0)
        self.bar.setValue(progress.done if progress else 0)
        seconds = handle.seconds_left()
        self.left.setText(f"{words.duration(seconds)} left" if seconds is not None and not handle.paused else "")
        self.cancel.setEnabled(not handle.cancelling)
        self.cancel.setToolTip(f"Stop: {handle.title}" if not handle.cancelling else "It stops after this step")
        self.cancel.setAccessibleName(f"Cancel {handle.title}")

    def _cancel(self) -> None:
        handle = self.current()
        if handle is not None:
            handle.cancel()
            self.refresh()


class StatusBar(QWidget):
    """Signals: `problems_wanted()` when the count of problems was pressed."""

    problems_wanted = Signal()

    def __init__(
        self,
        runner: JobRunner,
        monitor: Monitor,
        checker: Checker,
        document: Document,
        actions: Actions,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        self._monitor, self._checker, self._document = monitor, checker, document
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(1.5), 3, theme.space(1.5), 3)
        row.setSpacing(theme.space(2))
        self.machine = QLabel(self)
        self.machine.setAccessibleName("Device and memory")
        self.job = JobView(runner, self)
        self.problems = self._button(theme.icon("success", "success"), "Show the problems of the network")
        self.problems.clicked.connect(self.problems_wanted)
        self.saved = self._button(theme.icon("save", "text_muted"), actions["file.save"].toolTip())
        self.saved.clicked.connect(actions["file.save"].trigger)
        row.addWidget(self.machine)
        row.addStretch(1)
        row.addWidget(self.job)
        row.addWidget(self.problems)
        row.addWidget(self.saved)
        monitor.changed.connect(self._machine)
        checker.analysed.connect(self._problems)
        document.replaced.connect(self._problems)
        for signal in (document.changed, document.replaced, document.state_changed):
            signal.connect(self._saved)
        theme.watcher().changed.connect(self._themed)
        self._themed()
        self._machine()
        self._problems()
        self._saved()

    def _button(self, icon: QIcon, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setIcon(icon)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setToolTip(tip)
        button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        return button

    def _machine(self) -> None:
        reading = self._monitor.reading
        if reading is None:
            self.machine.setText("Looking at the machine")
            return
        device = reading.device or "Engine loading"
        self.machine.setText(f"{device} · {words.memory(reading.used)} of {words.memory(reading.total)}")
        self.machine.setToolTip(
            f"Computes on: {device}. Vitrine uses {words.memory(reading.used)}; "
            f"{words.memory(reading.free)} of {words.memory(reading.total)} are free."
        )

    def _problems(self, analysis: object = None) -> None:
        found = self._checker.analysis.problems if self._checker.up_to_date and self._checker.analysis else ()
        errors = sum(problem.severity == "error" for problem in found)
        warnings = sum(problem.severity == "warning" for problem in found)
        if not self._document.project.network.nodes:
            icon, text = theme.icon("success", "text_muted"), "Nothing drawn yet"
        elif errors:
            icon, text = theme.icon("problem", "problem"), words.count(errors, "problem")
        elif warnings:
            icon, text = theme.icon("warning", "warning"), words.count(warnings, "warning")
        else:
            icon, text = theme.icon("success", "success"), "No problems"
        self.problems.setIcon(icon)
        self.problems.setText(text)
        self.problems.setAccessibleName(f"{text} in the network")

    def _saved(self, change: object = None) -> None:
        document = self._document
        if document.dirty:
            text = "Unsaved changes"
        elif document.saved_at is not None:
            text = f"Saved {words.clock(document.saved_at)}"
        else:
            text = "Not saved yet"
        self.saved.setText(text)
        self.saved.setAccessibleName(text)

    def _themed(self) -> None:
        small = theme.font("small")
        for widget in (self.machine, self.job.text, self.job.left, self.job.cancel, self.problems, self.saved):
            widget.setFont(small)
        for button in (self.problems, self.saved):
            button.setIconSize(QSize(theme.icon_side(15), theme.icon_side(15)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.panel))
        painter.fillRect(0, 0, self.width(), 1, QColor(t.border))
