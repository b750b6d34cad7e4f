"""The live loop: fresh pictures however slow the model, models that fail or change, and a picture held."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from engine.errors import BadInput, JobFailed
from engine.inference.capture import Capture
from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.live import LiveLoop, LiveResult
from engine.inference.meter import RateMeter, StageMeter
from engine.inference.predictor import Predictor
from engine.inference.source import Source


class Ticker(Source):
    """A camera of 100 pictures a second."""

    live = True

    def __init__(self) -> None:
        super().__init__("Ticker")
        self._index = 0

    def open(self) -> None:
        return

    def read(self) -> Frame | None:
        self._wait(0.01)
        self._index += 1
        if self.interrupted:
            return None
        image = np.full((8, 8, 3), self._index % 256, np.uint8)
        return Frame(image, self._index, self._index * 10.0, time.perf_counter())

    def close(self) -> None:
        return


class Slow(Predictor):
    """Takes its time, and fails when it is told to."""

    def __init__(self, seconds: float = 0.0, name: str = "Slow", error: Exception | None = None) -> None:
        super().__init__(name, (name,))
        self._seconds = seconds
        self._error = error
        self.closed = False
        self.resets = 0

    def predict(self, frame: Frame) -> Detections:
        with self._stage("model"):
            threading.Event().wait(self._seconds)
        if self._error is not None:
            raise self._error
        return Detections(classes=self.classes)

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        self.closed = True


def start(function: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=function, name=name, daemon=True)
    thread.start()
    return thread


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)


@pytest.fixture
def loop() -> Iterator[LiveLoop]:
    made = LiveLoop()
    capture = Capture(Ticker, start)
    made.watch(capture)
    thread = start(made.run, "live")
    capture.start()
    yield made
    made.stop()
    assert capture.stop(5)
    thread.join(5)
    assert not thread.is_alive()


def collect(loop: LiveLoop, count: int) -> list[LiveResult]:
    """The next results, all of them."""
    results: list[LiveResult] = []
    deadline = time.monotonic() + 20
    while len(results) < count:
        assert time.monotonic() < deadline
        result = loop.result
        if result is not None and (not results or result.serial != results[-1].serial):
            results.append(result)
        threading.Event().wait(0.001)
    return results


def settled(loop: LiveLoop) -> LiveResult:
    """The last result, once none has come for as long as the source needs for thirty pictures."""
    last, since = loop.result, time.monotonic()
    until(lambda: loop.result is not None)
    while time.monotonic() - since < 0.3:
        if loop.result is not last:
            last, since = loop.result, time.monotonic()
        threading.Event().wait(0.005)
    assert last is not None
    return last


def test_a_slow_model_never_lets_the_picture_grow_old(loop: LiveLoop) -> None:
    loop.use(lambda: Slow(0.12), "Slow")
    until(lambda: loop.model.status == "ready")
    results = collect(loop, 14)[2:]
    ages = np.array([result.age_ms / result.busy_ms for result in results])
    assert np.median(ages) <= 2
    assert ages.max() <= 3, "a scheduler's pause is forgiven, a queue is not"
    assert np.median(ages[6:]) < 1.5 * np.median(ages[:6]) + 0.2, "the age grows"
    assert results[-1].fps == pytest.approx(1000 / 120, rel=0.2)
    assert results[-1].stages["model"] == pytest.approx(120, rel=0.2)


def test_without_a_model_the_pictures_are_shown(loop: LiveLoop) -> None:
    results = collect(loop, 10)
    assert all(result.outcome is None for result in results)
    assert results[-1].fps > 20


@pytest.mark.parametrize(
    ("error", "words"),
    [(JobFailed("It broke.", "Mend it."), "It broke. Mend it."), (RuntimeError("bad size"), "bad size")],
)
def test_a_failing_model_tells_why_and_the_picture_goes_on(loop: LiveLoop, error: Exception, words: str) -> None:
    model = Slow(error=error)
    loop.use(lambda: model, "Broken")
    until(lambda: loop.model.status == "failed")
    assert words in str(loop.model.error)
    assert model.closed
    serial = loop.result.serial if loop.result else 0
    until(lambda: loop.result is not None and loop.result.serial > serial + 5)


def test_a_model_that_cannot_be_opened_tells_why(loop: LiveLoop) -> None:
    def refuse() -> Predictor:
        raise BadInput("There is no such run.", "Choose another.")

    loop.use(refuse, "Gone")
    until(lambda: loop.model.status == "failed")
    assert str(loop.model.error) == "There is no such run. Choose another."
    loop.use(lambda: Slow(name="B"), "B")
    until(lambda: loop.result is not None and loop.result.outcome is not None)
    assert loop.model.error is None


def test_changing_the_model_closes_the_old_one(loop: LiveLoop) -> None:
    first, second = Slow(name="A"), Slow(name="B")
    loop.use(lambda: first, "A")
    until(lambda: loop.model.status == "ready")
    loop.use(lambda: second, "B")
    until(lambda: loop.result is not None and loop.result.outcome is not None and loop.result.outcome.classes == ("B",))
    assert first.closed
    assert not second.closed


def test_a_held_picture_is_looked_at_again_by_another_model(loop: LiveLoop) -> None:
    collect(loop, 3)
    loop.pause(True)
    held = settled(loop)
    loop.use(lambda: Slow(name="C"), "C")
    # At once nothing is shown as this model's answer that another one gave.
    assert loop.result is not None
    assert loop.result.frame is held.frame
    assert loop.result.outcome is None
    until(lambda: loop.result is not None and loop.result.again)
    assert loop.result.frame is held.frame
    assert loop.result.outcome is not None
    loop.pause(False)
    until(lambda: loop.result is not None and loop.result.frame.index > held.frame.index)


def test_a_lower_threshold_has_a_held_picture_looked_at_again(loop: LiveLoop) -> None:
    model = Slow(name="A")
    loop.use(lambda: model, "A")
    collect(loop, 3)
    loop.pause(True)
    held = settled(loop)
    loop.threshold(0.8)
    loop.threshold(0.2)
    until(lambda: loop.result is not None and loop.result.again)
    assert loop.result is not None
    assert loop.result.frame is held.frame
    assert model.threshold == 0.2


def test_another_source_resets_the_model_and_drops_the_old_picture(loop: LiveLoop) -> None:
    model = Slow(name="A")
    loop.use(lambda: model, "A")
    until(lambda: loop.result is not None and loop.result.outcome is not None)
    before = model.resets
    loop.watch(None)
    assert loop.result is None
    until(lambda: model.resets == before + 1)
    threading.Event().wait(0.1)
    assert loop.result is None


def test_meters() -> None:
    meter = RateMeter(window=2)
    assert meter.rate() == 0
    for number in range(101):
        meter.tick(number * 0.04)
    assert meter.rate() == pytest.approx(25)
    stages = StageMeter()
    for value in [10.0] * 5 + [20.0] * 60:
        stages.add({"model": value})
    assert stages.means()["model"] == pytest.approx(20, abs=0.1)
