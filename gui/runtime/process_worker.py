"""A spawned Python process that runs one job after another. No Qt here: the child imports this module.

The parent keeps one end of a pipe and the child the other. Parent to child: a pickled job, or None to leave. Child to
parent: events, the last one terminal. Cancel and pause travel as two shared flags, so a job in a tight
loop sees them at once.
"""

from __future__ import annotations

import contextlib
import logging
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from engine.cancel import CancelToken, Flag
from engine.errors import BadInput, JobFailed
from engine.events import Cancelled, Emit, Event, Failed, Terminal
from engine.job import Job, run_job

log = logging.getLogger(__name__)

POLL_SECONDS = 0.03  # how long a wish to cancel or pause may wait before it crosses
GRACE_SECONDS = 10.0  # what a child whose parent has died gets to save its checkpoint


class ProcessWorker:
    """The parent's side. All methods block, so they are called from the runner's threads."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._cancelled = spawn.Event()
        self._running = spawn.Event()
        self._pipe, far = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(far, self._cancelled, self._running), name="vitrine-job")
        self._process.start()
        far.close()

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def run(self, job: Job, emit: Emit, token: CancelToken, *, abandon: float | None = None) -> Terminal:
        """Run `job` in the process and emit what it emits, ending in exactly one terminal event, also returned.

        Args:
            abandon: seconds that a cancelled job gets to notice before its process is killed; only for a job that has
                nothing to save. None waits for it.
        """
        end = self._converse(job, emit, token, abandon)
        emit(end)
        return end

    def _converse(self, job: Job, emit: Emit, token: CancelToken, abandon: float | None) -> Terminal:
        self._cancelled.clear()
        self._running.set()
        try:
            packed = pickle.dumps(job)
        except Exception as error:  # noqa: BLE001 - anything can be wrong with a job that cannot be packed; it is told
            return Failed(
                BadInput(
                    "This job cannot be handed to its own process.",
                    "Start it again; if that does not help, the details are in the log.",
                    details=f"{error}\n{traceback.format_exc()}",
                )
            )
        try:
            self._pipe.send_bytes(packed)
            end = math.inf
            while True:
                self._mirror(token)
                if abandon is not None and token.cancelled:
                    end = min(end, time.monotonic() + abandon)
                if time.monotonic() >= end:
                    self._process.kill()
                    self._process.join()
                    return Cancelled()
                if not self._pipe.poll(POLL_SECONDS):
                    continue
                event = self._pipe.recv()
                if isinstance(event, Terminal):
                    return event
                emit(event)
        except (EOFError, OSError) as error:
            return Failed(self._died(error))

    def _mirror(self, token: CancelToken) -> None:
        if token.cancelled:
            self._cancelled.set()
            self._running.set()
        elif token.paused:
            self._running.clear()
        elif not self._running.is_set():
            self._running.set()

    def _died(self, error: Exception) -> JobFailed:
        self._process.join(2)
        code = self._process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return JobFailed(
            f"The process that did the work {how} before it was done.",
            "Start again, or resume from the last checkpoint; if memory was short, choose a smaller batch size.",
            details=repr(error),
        )

    def leave(self) -> None:
        """Ask the process to stop what it does and leave; returns at once."""
        self._cancelled.set()
        self._running.set()
        with contextlib.suppress(OSError):  # already gone
            self._pipe.send_bytes(pickle.dumps(None))

    def close(self, timeout: float = 5.0) -> None:
        """Let the process leave, and wait for it; one that does not answer within `timeout` seconds is killed."""
        self.leave()
        self._process.join(timeout)
        if self._process.is_alive():
            log.info("the job process %s did not leave in %.0f s and is killed", self.pid, timeout)
            self._process.kill()
            self._process.join(timeout)
        self._pipe.close()
        self._process.close()


def serve(pipe: Connection, cancelled: Flag, running: Flag) -> None:
    """The child's whole life: take a job, run it, tell of it, until the parent says leave or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    _step_back()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch_parent, args=(parent.sentinel, cancelled, running), daemon=True).start()
    token = CancelToken(cancelled, running)
    lock = threading.Lock()

    def emit(event: Event) -> None:
        with lock:
            pipe.send(event)

    while True:
        try:
            packed = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        job = _unpack(packed, emit)
        if job is None:
            return
        if callable(job):
            _run(job, emit, token)


def _step_back() -> None:
    """Let the window go first where both want the processor; where there is enough of it this costs nothing."""
    try:
        psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else 5)
    except psutil.Error as error:
        log.info("the job process keeps its priority: %r", error)


def _unpack(packed: bytes, emit: Emit) -> Any:
    try:
        return pickle.loads(packed)  # from our own parent process only
    except Exception as error:  # noqa: BLE001 - a job that cannot be unpacked is a failed job
        emit(Failed(JobFailed("The job could not be started.", "Details are in the log.", details=repr(error))))
        return False


def _run(job: Job, emit: Emit, token: CancelToken) -> None:
    try:
        run_job(job, emit, token)
    except (BrokenPipeError, ConnectionError):
        log.warning("the window is gone; the job's last event was not delivered")
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        failed = JobFailed("The job's result could not be handed over.", "Details are in the log.", details=repr(error))
        emit(Failed(failed))


def _watch_parent(sentinel: int, cancelled: Flag, running: Flag) -> None:
    wait([sentinel])
    cancelled.set()
    running.set()
    threading.Event().wait(GRACE_SECONDS)
    os._exit(1)


class WarmUp:
    """A job that makes the process import what trainings need, so that the first one starts at once."""

    def __call__(self, emit: Emit, token: CancelToken) -> str:
        import torch
        import torchvision  # noqa: F401 - imported for its operators

        return str(torch.__version__)
