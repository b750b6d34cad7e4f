"""Garbage is collected in the interface thread only.

Python collects cycles in whichever thread happens to allocate. A cycle that holds a widget or a timer would then be
destroyed in a worker thread, and the process dies: Qt objects must go where they live.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

TICK_MS = 250
YOUNG, MIDDLE, OLD = 2000, 20, 10  # counts at which a generation is collected
OLD_EVERY_SECONDS = 60.0  # the whole heap is looked at no more often than this


class Collector(QObject):
    """Switches automatic collection off and does it on a timer of the thread it is made in."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._last_full = time.monotonic()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect what has piled up, the young first."""
        young, middle, old = gc.get_count()
        if old > OLD and time.monotonic() - self._last_full > OLD_EVERY_SECONDS:
            self._last_full = time.monotonic()
            gc.collect(2)
        elif middle > MIDDLE:
            gc.collect(1)
        elif young > YOUNG:
            gc.collect(0)

    def stop(self) -> None:
        """Stop the timer. Automatic collection stays off: threads may still be about, and so may widgets."""
        self._timer.stop()
