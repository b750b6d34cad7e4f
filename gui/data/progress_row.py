"""A running job of the page: what it does, how far it is, and a button that stops it."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from engine.events import Event, Progress
from gui import theme
from gui.runtime.jobs import JobHandle
from gui.widgets.notes import ThemedLabel

SHOWN_AFTER_MS = 500  # what is quicker needs no bar


class ProgressRow(QWidget):
    """Hidden until the job it follows has taken a moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._handle: JobHandle | None = None
        self.text = ThemedLabel("", "text_muted", parent=self)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(theme.space(1))
        self.bar.setAccessibleName("Progress")
        self.stop = QPushButton(theme.icon("stop"), "Stop", self)
        self.stop.setToolTip("Stop looking at the pictures; what was found so far is kept")
        self.stop.setAccessibleName("Stop looking at the pictures")
        self.stop.clicked.connect(self._stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(2), 0, theme.space(2), theme.space(1))
        row.setSpacing(theme.space(1.5))
        row.addWidget(self.text)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        self._delay = QTimer(self, singleShot=True)
        self._delay.setInterval(SHOWN_AFTER_MS)
        self._delay.timeout.connect(self.show)
        self.hide()

    def follow(self, handle: JobHandle | None) -> None:
        """Follow a job, or none."""
        if handle is self._handle:
            return
        self._handle = handle
        if handle is None:
            self._delay.stop()
            self.hide()
            return
        self.text.setText(handle.title)
        self.bar.setRange(0, 0)
        handle.event.connect(lambda event: self._told(handle, event))
        if not self.isVisible():
            self._delay.start()

    def _told(self, handle: JobHandle, event: Event) -> None:
        if handle is self._handle and isinstance(event, Progress):
            count = f"  {event.done:,} of {event.total:,}" if event.total else ""
            self.text.setText(event.text + count)
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)

    def _stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
