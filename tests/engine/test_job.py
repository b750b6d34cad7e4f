"""A job ends exactly once, and what goes wrong is told in two sentences."""

from __future__ import annotations

import errno
import pickle

import pytest

from engine.cancel import CancelSource, CancelToken
from engine.errors import BadInput, JobFailed, OutOfMemory, VitrineError
from engine.events import Cancelled, Emit, Event, Failed, Finished, Progress, Terminal
from engine.job import explain, run_job


def events_of(job: object, source: CancelSource | None = None) -> list[Event]:
    told: list[Event] = []
    run_job(job, told.append, (source or CancelSource()).token)  # type: ignore[arg-type]
    assert [isinstance(event, Terminal) for event in told] == [False] * (len(told) - 1) + [True]
    return told


def test_a_job_that_returns_is_finished() -> None:
    def job(emit: Emit, token: CancelToken) -> int:
        emit(Progress("Half", 1, 2))
        return 7

    assert events_of(job) == [Progress("Half", 1, 2), Finished(7)]


def test_a_job_that_looks_at_its_token_is_cancelled() -> None:
    source = CancelSource()

    def job(emit: Emit, token: CancelToken) -> None:
        source.cancel()
        token.raise_if_cancelled()
        raise AssertionError("it went on")

    assert events_of(job, source) == [Cancelled()]


def test_cancelling_wakes_a_paused_job() -> None:
    source = CancelSource()
    source.pause()
    assert source.token.paused
    source.cancel()
    source.token.wait_while_paused()
    assert source.token.cancelled


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (BadInput("The file is torn.", "Copy it again."), BadInput, "The file is torn. Copy it again."),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), OutOfMemory, "smaller batch"),
        (RuntimeError("MPS backend out of memory"), OutOfMemory, "smaller batch"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), OutOfMemory, "smaller batch"),
        (MemoryError(), OutOfMemory, "smaller batch"),
        (ValueError("Expected more than 1 value per channel when training, got [1, 8]"), JobFailed, "size of 2"),
        (OSError(errno.ENOSPC, "No space left on device", "metrics.csv"), JobFailed, "disk is full"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "gone.png"), JobFailed, "gone.png"),
        (ZeroDivisionError("division by zero"), JobFailed, "details are in the log"),
    ],
)
def test_every_failure_is_two_sentences(error: Exception, kind: type[VitrineError], words: str) -> None:
    def job(emit: Emit, token: CancelToken) -> None:
        raise error

    (end,) = events_of(job)
    assert isinstance(end, Failed)
    assert type(end.error) is kind
    assert words in str(end.error)
    assert "Traceback" not in str(end.error)


def test_an_error_keeps_its_node_and_details_across_processes() -> None:
    error = BadInput("conv1 is wrong.", "Mend it.", node="conv1", details="long")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.node, again.details) == (BadInput, str(error), "conv1", "long")
    assert explain(RuntimeError("x"), "trace").details == "trace"
