"""An hour of pictures leaves memory flat, headless and through the live view's own loop."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.cancel import CancelSource
from engine.inference.capture import Capture
from engine.inference.live import LiveLoop, LiveResult
from engine.inference.predictor import open_predictor
from engine.inference.sources.video import VideoSource
from engine.inference.stream import predict_stream
from engine.opencv import cv2
from tests.helpers.videos import moving_face, write_video

HOUR = 60 * 60 * 30  # pictures, at 30 a second
SHORT = 2000
# What allocators keep back comes and goes by a few megabytes; one leaked picture per frame would be 9 kB each.
ALLOWED = 6e6


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [np.ascontiguousarray(cv2.resize(frame, (64, 48))) for frame in moving_face(40)]
    return write_video(tmp_path_factory.mktemp("video") / "small.avi", frames, fps=30)


def growth(steps: Iterator[object], total: int) -> float:
    """Bytes by which memory grew from the first fifth to the end of `total` steps."""
    process = psutil.Process()
    sizes = []
    for number, _ in enumerate(steps, start=1):
        if number % (total // 50) == 0:
            gc.collect()
            sizes.append(process.memory_info().rss)
        if number == total:
            break
    early, late = np.median(sizes[10:20]), np.median(sizes[-10:])
    return float(late - early)


def headless(video: Path, model: str) -> Iterator[object]:
    return predict_stream(
        model, lambda: VideoSource(video, loop=True), None, None, lambda event: None, CancelSource().token
    )


def live(video: Path, model: str, total: int) -> Iterator[object]:
    """Results of the live loop, every picture of the video handled as fast as it can be."""
    loop = LiveLoop()
    done = threading.Semaphore(0)
    loop.tap(lambda frame, outcome: done.release())
    loop.use(lambda: open_predictor(model), model)
    threads: list[threading.Thread] = []

    def start(function, name: str) -> threading.Thread:  # type: ignore[no-untyped-def]
        thread = threading.Thread(target=function, name=name, daemon=True)
        thread.start()
        threads.append(thread)
        return thread

    capture = Capture(lambda: VideoSource(video, loop=True), start)
    loop.watch(capture)
    start(loop.run, "live")
    capture.start()
    try:
        for _ in range(total):
            assert done.acquire(timeout=30)
            result: LiveResult | None = loop.result
            yield result
    finally:
        loop.stop()
        assert capture.stop(5)
        for thread in threads:
            thread.join(5)


@pytest.mark.parametrize("model", ["opencv:motion", "opencv:face"])
def test_minutes_of_pictures_leave_memory_flat(video: Path, model: str) -> None:
    assert growth(headless(video, model), SHORT) < ALLOWED


def test_the_live_loop_leaves_memory_flat(video: Path) -> None:
    assert growth(live(video, "opencv:motion", SHORT), SHORT) < ALLOWED


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_an_hour_of_pictures_leaves_memory_flat(video: Path) -> None:
    assert growth(headless(video, "opencv:face"), HOUR) < ALLOWED


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_an_hour_of_the_live_loop_leaves_memory_flat(video: Path) -> None:
    assert growth(live(video, "opencv:motion", HOUR), HOUR) < ALLOWED
