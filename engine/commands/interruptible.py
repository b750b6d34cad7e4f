"""Running a job from a command: Ctrl+C asks it to stop, so that it can save its checkpoint first."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Any

from engine.cancel import CancelSource
from engine.events import Cancelled, Emit, Event, Failed, Finished, Terminal
from engine.job import Job, run_job


def run_interruptible(job: Job, emit: Emit) -> Any:
    """Run `job` here and return its result.

    The first interrupt or termination signal cancels the job, and `KeyboardInterrupt` is raised once it has ended;
    the second one no longer waits. Raises the job's own `VitrineError` when it failed.
    """
    source = CancelSource()

    def pass_on(event: Event) -> None:
        if not isinstance(event, Terminal):
            emit(event)

    with _signals_to(source):
        end = run_job(job, pass_on, source.token)
    if isinstance(end, Failed):
        raise end.error
    if isinstance(end, Cancelled):
        raise KeyboardInterrupt
    assert isinstance(end, Finished)
    return end.result


@contextlib.contextmanager
def _signals_to(source: CancelSource) -> Iterator[None]:
    def asked(number: int, frame: FrameType | None) -> None:
        if source.token.cancelled:
            raise KeyboardInterrupt
        source.cancel()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
