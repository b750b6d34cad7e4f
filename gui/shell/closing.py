"""Leaving in good order: everything is asked to stop, unsaved work is kept, and the window waits without freezing."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from gui.context import Context, Page

log = logging.getLogger(__name__)

MOST_MS = 20_000  # a training saves its checkpoint in this time; after it, what still runs is given up
SOON_MS = 300  # a close that takes longer than this hides the window meanwhile


class Closing(QObject):
    """Signals: `done()`, once, when nothing runs any more."""

    done = Signal()

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self.under_way = False
        self.finished = False
        self._hide = QTimer(self, singleShot=True, interval=SOON_MS)
        self._hide.timeout.connect(window.hide)
        self._most = QTimer(self, singleShot=True, interval=MOST_MS)
        self._most.timeout.connect(self._end)

    def begin(self, pages: Sequence[Page]) -> None:
        """Ask everything to stop; `done` follows."""
        self.under_way = True
        self._window.setEnabled(False)
        self._hide.start()
        self._most.start()
        for handle in self._context.runner.handles:
            handle.cancel()
        for page in pages:
            page.shutdown()
        self._context.settings.flush()
        self._context.document.close()
        self._context.runner.jobs_changed.connect(self._look)
        QTimer.singleShot(0, self._look)

    def _look(self) -> None:
        if not self.finished and not self._context.runner.handles:
            self._end()

    def _end(self) -> None:
        if self.finished:
            return
        self.finished = True
        self._hide.stop()
        self._most.stop()
        left = [handle.title for handle in self._context.runner.handles]
        if left:
            log.error("given up at close: %s", ", ".join(left))
        self._context.runner.shutdown(timeout=2.0)
        self.done.emit()
