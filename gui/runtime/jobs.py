"""One running job as the window sees it. Made by the runner only."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelSource
from engine.events import Event, Progress, Terminal
from engine.job import Job


@dataclass
class Task:
    """What a worker thread holds of a job: no Qt object, since the last reference may be dropped in that thread."""

    job: Job
    process: bool
    source: CancelSource = field(default_factory=CancelSource)
    queue: deque[Event] = field(default_factory=deque)


class _Signals(QObject):
    """Apart from the handle, since a signal called "event" would hide `QObject.event`."""

    told = Signal(object)
    ended = Signal(object)
    state_changed = Signal()


class JobHandle:
    """Follow, pause and cancel one job. Signals arrive in the interface thread.

    Signals:
        event(object): every event but the last, in order; progress that nobody has seen yet is replaced by newer.
        ended(object): the one terminal event (Finished, Cancelled or Failed), after all others.
        state_changed(): paused, resumed or asked to stop.
    """

    def __init__(self, task: Task, title: str, *, show: bool) -> None:
        self._signals = _Signals()
        self.event = self._signals.told
        self.ended = self._signals.ended
        self.state_changed = self._signals.state_changed
        self.title = title
        self.show = show  # whether the status bar tells of it
        self.progress: Progress | None = None
        self.end: Terminal | None = None
        self.started = time.monotonic()
        self.paused = False
        self.estimate: Callable[[], float | None] | None = None  # who started it may know better what is left
        self._source = task.source
        self._queue = task.queue

    @property
    def running(self) -> bool:
        """True until `ended` has been emitted."""
        return self.end is None

    @property
    def cancelling(self) -> bool:
        return self.running and self._source.token.cancelled

    def cancel(self) -> None:
        """Ask the job to stop; `ended` follows within one step of its work."""
        self._source.cancel()
        self.paused = False
        self.state_changed.emit()

    def pause(self) -> None:
        if self.running and not self.cancelling:
            self._source.pause()
            self.paused = True
            self.state_changed.emit()

    def resume(self) -> None:
        self._source.resume()
        self.paused = False
        self.state_changed.emit()

    def seconds_left(self) -> float | None:
        """Time left in seconds, from the share done so far; None while it cannot be known."""
        if self.estimate is not None:
            return self.estimate()
        if self.progress is None or not self.progress.total or not self.progress.done:
            return None
        share = min(1.0, self.progress.done / self.progress.total)
        return (time.monotonic() - self.started) * (1 - share) / share

    def deliver(self, deadline: float) -> bool:
        """Emit what has arrived until `deadline` (of `time.perf_counter`); True once the job has ended."""
        queue = self._queue
        while queue:
            event = queue.popleft()
            if isinstance(event, Terminal):
                self.end = event
                self.ended.emit(event)
                return True
            if isinstance(event, Progress):
                self.progress = event
                if queue and isinstance(queue[0], Progress):
                    continue
            self.event.emit(event)
            if time.perf_counter() > deadline:
                break
        return False
