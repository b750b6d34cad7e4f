"""The one place that starts threads and processes for jobs; the interface thread drains queues, 30 times a second."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.cancel import CancelToken
from engine.events import Cancelled, Emit, Event, Terminal
from engine.job import Job, run_job
from gui.runtime.collector import Collector
from gui.runtime.jobs import JobHandle, Task
from gui.runtime.process_pool import ProcessPool

log = logging.getLogger(__name__)

TICK_MS = 33
BUDGET_SECONDS = 0.008  # of one tick; what is left waits for the next


class JobRunner(QObject):
    """Runs jobs in threads, or in warm processes of their own, with one contract for both.

    Signals:
        jobs_changed(): a job has started or ended.
    """

    jobs_changed = Signal()
    _ended = Signal()  # from a worker's thread: an end does not wait for the next tick

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads: list[_Thread] = []
        self._idle: list[_Thread] = []
        self._running: dict[JobHandle, _Thread] = {}
        self._processes = ProcessPool()
        self._collector = Collector(self)
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._drain)
        self._ended.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    @property
    def handles(self) -> tuple[JobHandle, ...]:
        """The jobs that have not ended, oldest first."""
        return tuple(self._running)

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The processes that carry jobs, or wait for one."""
        return self._processes.pids

    def start(self, job: Job, *, title: str, process: bool = False, show: bool = True) -> JobHandle:
        """Start `job` and return its handle.

        Args:
            job: a function of (emit, token); with `process` it must be picklable, as must its events and result.
            title: what the status bar calls it, such as "Training".
            process: run it in a process of its own, for work that would hold the interpreter's lock.
            show: whether the status bar shows it; False for small work nobody waits for.

        After `shutdown` nothing starts any more: the handle ends as cancelled.
        """
        task = Task(job, process)
        handle = JobHandle(task, title, show=show)
        if self._closed:
            task.queue.append(Cancelled())
            QTimer.singleShot(0, lambda: handle.deliver(math.inf))
            return handle
        thread = self._idle.pop() if self._idle else self._new_thread()
        self._running[handle] = thread
        thread.inbox.put(task)
        if not self._timer.isActive():
            self._timer.start()
        self.jobs_changed.emit()
        return handle

    def warm_process(self) -> JobHandle:
        """Start a process in the background and let it import torch, so that the first training starts at once."""
        processes = self._processes

        def warm(emit: Emit, token: CancelToken) -> None:
            processes.warm(token)

        return self.start(warm, title="Preparing the training process", show=False)

    def shutdown(self, timeout: float = 10.0) -> bool:
        """Cancel everything, wait up to `timeout` seconds, end the processes. True when nothing is left running.

        Jobs that end meanwhile still deliver their last events, so that whoever saves on `ended` does.
        """
        self._closed = True
        for handle in self._running:
            handle.cancel()
        for thread in self._threads:
            thread.inbox.put(None)
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._processes.close(timeout=max(1.0, end - time.monotonic()))
        self._deliver(math.inf)
        self._timer.stop()
        self._collector.stop()
        left = [thread.name for thread in self._threads if thread.is_alive()]
        if left:
            log.error("still running after %.0f s: %s", timeout, ", ".join(left))
        return not left

    def _new_thread(self) -> _Thread:
        thread = _Thread(self._processes, len(self._threads), self._ended.emit)
        self._threads.append(thread)
        thread.start()
        return thread

    def _drain(self) -> None:
        self._deliver(time.perf_counter() + BUDGET_SECONDS)

    def _deliver(self, deadline: float) -> None:
        ended = False
        for handle in tuple(self._running):
            if handle.deliver(deadline):
                ended = True
                thread = self._running.pop(handle, None)
                if thread is not None and not self._closed:
                    self._idle.append(thread)
        if not self._running:
            self._timer.stop()
        if ended:
            self.jobs_changed.emit()


class _Thread(threading.Thread):
    """Runs one job after another; kept between jobs, since every new thread costs torch its own team of workers."""

    def __init__(self, processes: ProcessPool, number: int, wake: Callable[[], None]) -> None:
        super().__init__(name=f"vitrine-job-{number}", daemon=True)
        self.inbox: SimpleQueue[Task | None] = SimpleQueue()
        self._processes = processes
        self._wake = wake

    def run(self) -> None:
        while (task := self.inbox.get()) is not None:
            queue, end = task.queue, _carry(task, self._processes)
            # The job may hold widgets, and those must not be destroyed here: let go of it before the window hears.
            task = None
            queue.append(end)
            # A thread that outlived the shutdown has nobody left to wake.
            with contextlib.suppress(RuntimeError):
                self._wake()


def _carry(task: Task, processes: ProcessPool) -> Terminal:
    ends: list[Terminal] = []

    def emit(event: Event) -> None:
        if isinstance(event, Terminal):
            ends.append(event)
        else:
            task.queue.append(event)

    if not task.process:
        return run_job(task.job, emit, task.source.token)
    # The outer run answers for what goes wrong before a process has taken the job over.
    outer = run_job(lambda tell, token: processes.run(task.job, tell, token), emit, task.source.token)
    return ends[0] if ends else outer
