"""Sources that hang, vanish or repeat themselves, and slow watchers: the newest picture comes, nothing hangs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.errors import JobFailed
from engine.events import Event, Notice
from engine.inference.capture import Capture
from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import Predictor
from engine.inference.source import Source
from engine.inference.stream import predict_stream

DEADLINE = 10.0


def picture(value: int) -> np.ndarray:
    return np.full((24, 32, 3), value % 256, np.uint8)


class Camera(Source):
    """A camera of 200 pictures a second whose faults the test decides: `fault(number)` may block or raise."""

    live = True
    patience = 0.3
    open_patience = 0.3

    def __init__(self, fault: Callable[[int], None] = lambda number: None, still: bool = False) -> None:
        super().__init__("Test camera")
        self._fault = fault
        self._still = still
        self._index = 0
        self.closed = threading.Event()

    def open(self) -> None:
        return

    def read(self) -> Frame | None:
        self._wait(0.005)
        if self.interrupted:
            return None
        self._fault(self._index)
        self._index += 1
        return Frame(picture(7 if self._still else self._index), self._index - 1, 0.0, time.perf_counter())

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def threads() -> Iterator[list[threading.Thread]]:
    """Threads that captures start; those that were not made to hang must end."""
    started: list[threading.Thread] = []
    yield started
    for thread in started:
        thread.join(5)
        assert not thread.is_alive(), thread.name


@pytest.fixture
def start(threads: list[threading.Thread]) -> Callable[[Callable[[], None], str], threading.Thread]:
    def begin(function: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=function, name=name, daemon=True)
        thread.start()
        threads.append(thread)
        return thread

    return begin


def wait_for(condition: Callable[[], object], capture: Capture) -> None:
    """Watch until the condition holds."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, capture.state
        capture.newest(0.02)


def test_the_newest_picture_wins_however_slow_the_watcher(start) -> None:
    capture = Capture(Camera, start)
    capture.start()
    ages, numbers = [], []
    busy = threading.Event()
    for _ in range(8):
        frame = capture.newest(1.0)
        assert frame is not None
        ages.append(time.perf_counter() - frame.captured)
        numbers.append(frame.index)
        busy.wait(0.1)  # a detector that takes as long as twenty pictures
    capture.stop()
    assert max(ages) < 0.08, "pictures were queued"
    assert min(np.diff(numbers)) >= 5, "every picture was handed out, so the watcher falls behind"


def test_no_picture_is_handed_out_twice(start) -> None:
    capture = Capture(Camera, start)
    capture.start()
    seen = [frame.index for _ in range(100) if (frame := capture.newest(0.01)) is not None]
    capture.stop()
    assert len(seen) == len(set(seen)) > 10
    assert seen == sorted(seen)


def test_a_read_that_hangs_is_given_up_and_the_camera_reopened(start) -> None:
    release = threading.Event()
    cameras: list[Camera] = []

    def make() -> Source:
        first = not cameras
        cameras.append(Camera(lambda number: release.wait(DEADLINE) and None if first and number == 5 else None))
        return cameras[-1]

    capture = Capture(make, start)
    capture.start()
    began = time.monotonic()
    wait_for(lambda: capture.state.status == "lost", capture)
    assert time.monotonic() - began < 2
    assert capture.state.error is not None
    assert "Test camera gave no picture" in capture.state.error.what
    assert capture.state.retries
    wait_for(lambda: capture.state.status == "running", capture)
    assert len(cameras) == 2
    assert capture.stop()
    release.set()  # the driver comes back after all: its thread must close the camera and end
    assert cameras[0].closed.wait(DEADLINE)


def test_stopping_never_waits_for_a_hanging_driver(start) -> None:
    release, hangs = threading.Event(), threading.Event()

    def hang(number: int) -> None:
        hangs.set()
        release.wait(DEADLINE)

    capture = Capture(lambda: Camera(hang), start)
    capture.start()
    assert hangs.wait(DEADLINE)
    began = time.monotonic()
    assert not capture.stop(timeout=0.1)
    assert time.monotonic() - began < 1
    release.set()


def test_threads_do_not_pile_up_when_every_attempt_hangs(start, threads) -> None:
    release = threading.Event()
    capture = Capture(lambda: Camera(lambda number: release.wait(30) and None), start)
    capture.start()
    wait_for(lambda: len(threads) == 3, capture)
    deadline = time.monotonic() + 2.6  # the next attempt would come after 2.3 s
    while time.monotonic() < deadline:
        capture.newest(0.1)
    capture.stop(0)
    assert len(threads) <= 3
    release.set()


def test_a_camera_that_vanishes_comes_back_by_itself(start) -> None:
    plugged = {"in": True}

    def pull(number: int) -> None:
        if not plugged["in"]:
            raise JobFailed("Test camera gives no more pictures.", "Plug it in.")

    capture = Capture(lambda: Camera(pull), start)
    capture.start()
    wait_for(lambda: capture.state.status == "running", capture)
    plugged["in"] = False
    wait_for(lambda: capture.state.status == "lost", capture)
    assert str(capture.state.error) == "Test camera gives no more pictures. Plug it in."
    plugged["in"] = True
    wait_for(lambda: capture.state.status == "running", capture)
    capture.stop()


def test_a_driver_that_raises_anything_gives_a_sentence(start) -> None:
    def fail(number: int) -> None:
        raise RuntimeError("VIDIOC_DQBUF")

    capture = Capture(lambda: Camera(fail), start)
    capture.start()
    wait_for(lambda: capture.state.status == "failed", capture)
    assert capture.state.error is not None
    assert "VIDIOC_DQBUF" in capture.state.error.what
    capture.stop()


def test_a_camera_that_repeats_its_picture_is_reopened_once(start) -> None:
    made: list[Camera] = []

    def make() -> Source:
        made.append(Camera(still=True))
        return made[-1]

    capture = Capture(make, start, still_after=0.2)
    capture.start()
    wait_for(lambda: capture.state.status == "lost", capture)
    assert capture.state.error is not None
    assert "repeats the same picture" in capture.state.error.what
    wait_for(lambda: capture.state.status == "running", capture)
    # The same picture again after reopening: it is a still picture, and one may look at it in peace.
    shown = 0
    while shown < 80:
        shown += capture.newest(1.0) is not None
    assert capture.state.status == "running"
    assert len(made) == 2
    capture.stop()


def test_retry_opens_at_once(start) -> None:
    there = {"camera": False}

    class Missing(Camera):
        def open(self) -> None:
            if not there["camera"]:
                raise JobFailed("Test camera is not there.", "Plug it in.")

    capture = Capture(Missing, start)
    capture.start()
    wait_for(lambda: capture.state.status == "failed", capture)
    capture._failures = 99  # the next try by itself would be in five seconds
    there["camera"] = True
    began = time.monotonic()
    capture.start()
    wait_for(lambda: capture.state.status == "running", capture)
    assert time.monotonic() - began < 2
    capture.stop()


class Pipe(Source):
    """Reads bytes from a named pipe, a picture per byte; blocks in the system's read while nobody writes."""

    live = True
    patience = 0.4

    def __init__(self, path: Path) -> None:
        super().__init__("Pipe")
        self._path = path
        self._file = -1
        self._index = 0

    def open(self) -> None:
        self._file = os.open(self._path, os.O_RDWR)

    def read(self) -> Frame | None:
        value = os.read(self._file, 1)
        if self.interrupted:
            return None
        self._index += 1
        return Frame(picture(value[0]), self._index - 1, 0.0, time.perf_counter())

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of this kind are POSIX")
def test_a_real_read_that_blocks_in_the_system(tmp_path: Path, start) -> None:
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)
    capture = Capture(lambda: Pipe(fifo), start)
    try:
        capture.start()
        os.write(writer, b"\x01")
        frame = capture.newest(2.0)
        assert frame is not None
        assert frame.image[0, 0, 0] == 1
        wait_for(lambda: capture.state.status == "lost", capture)
        capture.stop(0)
    finally:
        os.write(writer, b"\x02" * 16)  # lets every blocked read return, so that the threads end
        os.close(writer)


class Nothing(Predictor):
    def __init__(self) -> None:
        super().__init__("Nothing", ("thing",))

    def predict(self, frame: Frame) -> Detections:
        return Detections(classes=self.classes)


def test_the_headless_stream_survives_a_lost_camera() -> None:
    made: list[Camera] = []
    told: list[Event] = []

    def make() -> Source:
        first = len(made) < 2  # one is made to ask it what it is, the next is read

        def pull(number: int) -> None:
            if first and number == 3:
                raise JobFailed("Test camera gives no more pictures.", "Plug it in.")

        made.append(Camera(pull))
        return made[-1]

    token = CancelSource().token
    lines = list(predict_stream(Nothing(), make, 20, None, told.append, token))
    assert len(lines) == 20
    assert [event.what for event in told if isinstance(event, Notice)] == ["Test camera gives no more pictures."]


def test_the_headless_stream_refuses_a_missing_camera() -> None:
    class Missing(Camera):
        def open(self) -> None:
            raise JobFailed("Test camera is not there.", "Plug it in.")

    with pytest.raises(JobFailed, match="is not there"):
        next(predict_stream(Nothing(), Missing, None, None, lambda event: None, CancelSource().token))
