"""Which device computes and how much memory is in use, read by small jobs every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from engine.cancel import CancelToken
from engine.events import Emit, Event, Finished
from gui.runtime.engine_loader import EngineLoader
from gui.runtime.job_runner import JobRunner

EVERY_MS = 3000


@dataclass(frozen=True)
class Reading:
    """One look at the machine. Memory in bytes; `device` is "" until the engine is there to ask."""

    device: str
    used: int  # by this program and its processes
    free: int
    total: int


class Monitor(QObject):
    """Signals: `changed()` when `reading` is new."""

    changed = Signal()

    def __init__(self, runner: JobRunner, engine: EngineLoader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._engine = engine
        self._busy = False
        self.reading: Reading | None = None
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.read)
        engine.ready.connect(self.read)

    def start(self) -> None:
        self._timer.start()
        self.read()

    def stop(self) -> None:
        self._timer.stop()

    def read(self) -> None:
        """Look now, in the background."""
        if not self._busy:
            self._busy = True
            known = self.reading.device if self.reading else ""
            job = _Read(self._engine.is_ready, known, self._runner.process_ids)
            self._runner.start(job, title="Reading memory", show=False).ended.connect(self._read)

    def _read(self, end: Event) -> None:
        self._busy = False
        if isinstance(end, Finished):
            self.reading = end.result
            self.changed.emit()


@dataclass(frozen=True)
class _Read:
    engine_ready: bool
    known: str
    processes: tuple[int, ...]

    def __call__(self, emit: Emit, token: CancelToken) -> Reading:
        import psutil

        used = psutil.Process().memory_info().rss
        for pid in self.processes:
            try:
                used += psutil.Process(pid).memory_info().rss
            except psutil.Error:
                continue  # it ended a moment ago
        memory = psutil.virtual_memory()
        return Reading(self._device(), used, memory.available, memory.total)

    def _device(self) -> str:
        if not self.engine_ready or self.known:
            return self.known
        from engine.device import device_name, pick_device

        return device_name(pick_device("auto"))
