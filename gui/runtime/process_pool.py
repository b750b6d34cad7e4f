"""Keeps spawned processes between jobs, one of them warm. Called from the runner's threads only."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from engine.cancel import CancelToken
from engine.errors import JobCancelled
from engine.events import Emit, Event, Terminal
from engine.job import Job

if TYPE_CHECKING:
    from gui.runtime.process_worker import ProcessWorker


PATIENCE = 1.0  # seconds that a job which leaves nothing gets to notice that it was cancelled


class ProcessPool:
    """Hands out idle processes and makes one when there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[ProcessWorker] = []
        self._busy: set[ProcessWorker] = set()
        self._closed = False

    def run(self, job: Job, emit: Emit, token: CancelToken) -> Terminal:
        """Run `job` in some process of the pool; the process goes back afterwards unless it has died.

        One that says `leaves_nothing`, and is cancelled where nothing can interrupt it, goes with its process.
        """
        return self._run(job, emit, token, abandon=PATIENCE if getattr(job, "leaves_nothing", False) else None)

    def _run(self, job: Job, emit: Emit, token: CancelToken, *, abandon: float | None) -> Terminal:
        worker = self._take()
        try:
            return worker.run(job, emit, token, abandon=abandon)
        finally:
            self._give_back(worker)

    def warm(self, token: CancelToken) -> None:
        """Have a process import torch and wait. Raises `JobCancelled` when asked to stop first."""
        from gui.runtime.process_worker import WarmUp

        token.raise_if_cancelled()
        self._run(WarmUp(), _nobody, token, abandon=0.0)

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of all that live, for the memory reading."""
        with self._lock:
            everyone = [*self._idle, *self._busy]
        return tuple(worker.pid for worker in everyone if worker.pid is not None)

    def close(self, timeout: float) -> None:
        """End every process, busy ones too, all within `timeout` seconds."""
        with self._lock:
            self._closed = True
            everyone = [*self._idle, *self._busy]
            self._idle.clear()
            self._busy.clear()
        for worker in everyone:
            worker.leave()
        end = time.monotonic() + timeout
        for worker in everyone:
            worker.close(max(0.0, end - time.monotonic()))

    def _take(self) -> ProcessWorker:
        # multiprocessing takes a while to import, and the window is to be painted first.
        from gui.runtime.process_worker import ProcessWorker

        with self._lock:
            if self._closed:
                raise JobCancelled
            while self._idle:
                worker = self._idle.pop()
                if worker.alive:
                    break
                worker.close()
            else:
                worker = ProcessWorker()
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: ProcessWorker) -> None:
        with self._lock:
            if worker not in self._busy:
                return  # closed meanwhile
            self._busy.discard(worker)
            if worker.alive and not self._idle:
                self._idle.append(worker)
                return
        worker.close()


def _nobody(event: Event) -> None:
    """A warm-up has nothing to tell."""
