"""The runner: one ending per job, whatever happens, in threads and in processes."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Cancelled, Emit, Event, Failed, Finished, Progress
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from tests.helpers import process_jobs

pytestmark = pytest.mark.xdist_group("processes")
BOTH = pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])


class Log:
    """What a handle told, in order, and in which thread."""

    def __init__(self, handle: JobHandle) -> None:
        self.events: list[Event] = []
        self.ends: list[Event] = []
        self.threads: set[threading.Thread] = set()
        self.handle = handle
        handle.event.connect(self._event)
        handle.ended.connect(self._end)

    def _event(self, event: Event) -> None:
        assert not self.ends, "an event after the end"
        self.threads.add(threading.current_thread())
        self.events.append(event)

    def _end(self, event: Event) -> None:
        self.threads.add(threading.current_thread())
        self.ends.append(event)

    def wait(self, qtbot: QtBot) -> Event:
        qtbot.waitUntil(lambda: bool(self.ends), timeout=20_000)
        assert not self.handle.running
        assert len(self.ends) == 1
        assert self.threads == {threading.main_thread()}
        return self.ends[0]


@BOTH
def test_events_then_one_ending_in_the_interface_thread(qtbot: QtBot, runner: JobRunner, process: bool) -> None:
    log = Log(runner.start(process_jobs.count, title="Counting", process=process))
    end = log.wait(qtbot)
    assert isinstance(end, Finished)
    # Progress that nobody has seen yet is replaced by newer, but the last is always told.
    assert log.events[-1] == Progress("Counting", 10, 10)
    assert log.handle.progress == Progress("Counting", 10, 10)
    assert runner.handles == ()


@BOTH
def test_cancel_is_answered(qtbot: QtBot, runner: JobRunner, process: bool) -> None:
    log = Log(runner.start(process_jobs.wait, title="Waiting", process=process))
    qtbot.waitUntil(lambda: bool(log.events), timeout=20_000)
    log.handle.cancel()
    assert log.handle.cancelling
    assert log.wait(qtbot) == Cancelled()


@BOTH
def test_a_paused_job_stands_still_and_goes_on(qtbot: QtBot, runner: JobRunner, process: bool) -> None:
    log = Log(runner.start(process_jobs.tick, title="Ticking", process=process))
    qtbot.waitUntil(lambda: bool(log.events), timeout=20_000)
    log.handle.pause()
    assert log.handle.paused
    still: list[int] = []

    def stands() -> bool:
        # The same number of events in five looks one after another: nothing arrives any more.
        still.append(len(log.events))
        return len(still) > 5 and len(set(still[-5:])) == 1 and len(set(still[-20:])) == 1 and len(still) >= 20

    qtbot.waitUntil(stands, timeout=20_000)
    seen = len(log.events)
    log.handle.resume()
    qtbot.waitUntil(lambda: len(log.events) > seen, timeout=20_000)
    log.handle.pause()
    log.handle.cancel()  # a paused job can be cancelled too
    assert log.wait(qtbot) == Cancelled()


@BOTH
def test_a_fault_keeps_its_two_sentences_and_its_node(qtbot: QtBot, runner: JobRunner, process: bool) -> None:
    end = Log(runner.start(process_jobs.refuse, title="Refusing", process=process)).wait(qtbot)
    assert isinstance(end, Failed)
    assert isinstance(end.error, BadInput)
    assert (end.error.what, end.error.node) == ("The picture x.png has 0 pixels.", "conv1")


@BOTH
def test_an_unforeseen_fault_is_told_in_words(qtbot: QtBot, runner: JobRunner, process: bool) -> None:
    end = Log(runner.start(process_jobs.fall_over, title="Falling", process=process)).wait(qtbot)
    assert isinstance(end, Failed)
    assert "division by zero" in end.error.what
    assert "ZeroDivisionError" in end.error.details


def test_a_killed_process_is_a_failure_and_the_next_job_runs(qtbot: QtBot, runner: JobRunner) -> None:
    end = Log(runner.start(process_jobs.die, title="Dying", process=True)).wait(qtbot)
    assert isinstance(end, Failed)
    assert "killed by signal 9" in end.error.what
    assert isinstance(Log(runner.start(process_jobs.count, title="Again", process=True)).wait(qtbot), Finished)


def test_a_job_that_leaves_nothing_is_ended_where_it_does_not_listen(qtbot: QtBot, runner: JobRunner) -> None:
    log = Log(runner.start(process_jobs.Deaf(), title="Compiling", process=True))
    qtbot.waitUntil(lambda: bool(log.events), timeout=20_000)
    log.handle.cancel()
    assert log.wait(qtbot) == Cancelled()
    assert isinstance(Log(runner.start(process_jobs.count, title="Again", process=True)).wait(qtbot), Finished)


def test_what_cannot_cross_fails_in_words(qtbot: QtBot, runner: JobRunner) -> None:
    end = Log(runner.start(process_jobs.unspeakable, title="Result", process=True)).wait(qtbot)
    assert isinstance(end, Failed)
    assert "could not be handed over" in end.error.what
    end = Log(runner.start(lambda emit, token: None, title="Job", process=True)).wait(qtbot)
    assert isinstance(end, Failed)
    assert "cannot be handed to its own process" in end.error.what


def test_the_process_is_kept_warm_between_jobs(qtbot: QtBot, runner: JobRunner) -> None:
    first = Log(runner.start(process_jobs.count, title="One", process=True)).wait(qtbot)
    second = Log(runner.start(process_jobs.count, title="Two", process=True)).wait(qtbot)
    assert isinstance(first, Finished)
    assert first == second  # the same process id
    assert runner.process_ids == (first.result,)


def test_shutdown_ends_everything_that_runs(qtbot: QtBot, qapp: object) -> None:
    runner = JobRunner()
    logs = [Log(runner.start(process_jobs.wait, title="Waiting", process=process)) for process in (False, False, True)]
    qtbot.waitUntil(lambda: all(log.events for log in logs), timeout=20_000)
    assert runner.shutdown()
    assert [log.ends for log in logs] == [[Cancelled()]] * 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vitrine-job")]
    assert runner.process_ids == ()
    late = Log(runner.start(process_jobs.count, title="Late"))
    assert late.wait(qtbot) == Cancelled()


def test_a_flood_of_events_does_not_starve_the_window(qtbot: QtBot, runner: JobRunner) -> None:
    total = 60_000

    def flood(emit: Emit, token: CancelToken) -> int:
        for number in range(total):
            emit(Event() if number % 2 else Progress("Flood", number, total))
        return total

    log = Log(runner.start(flood, title="Flood"))
    end = log.wait(qtbot)
    assert end == Finished(total)
    assert len([event for event in log.events if type(event) is Event]) == total // 2


def test_jobs_that_follow_each_other_share_a_thread(qtbot: QtBot, runner: JobRunner) -> None:
    def name(emit: Emit, token: CancelToken) -> str:
        return threading.current_thread().name

    names = {getattr(Log(runner.start(name, title="Name")).wait(qtbot), "result", "") for _ in range(5)}
    assert names == {"vitrine-job-0"}
