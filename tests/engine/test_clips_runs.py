"""Runs that read clips look at the last frames of a video, from the moment on that there are enough of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cancel import CancelSource
from engine.datasets.base import SeriesSet, parse_source
from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.events import Event, Notice
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.inference.capture import Capture
from engine.inference.detections import Classification, Labels
from engine.inference.frame import Frame
from engine.inference.live import LiveLoop
from engine.inference.predictor import open_predictor
from engine.inference.series import reads_no_pictures
from engine.inference.source import Source
from engine.inference.sources.video import VideoSource
from engine.inference.stream import predict_stream
from engine.opencv import cv2
from tests.helpers.run_folders import run_folder

SIZE = 8


def brightening(frames: int = 3) -> object:
    """Says "up" where the last frame is brighter than the first, by the mean over all pixels."""
    net = Drawing("Brightening")
    last = net.chain(net.input(frames, 1, SIZE, SIZE), ("Flatten", "flatten"), ("Linear", "fc", {"out_features": 2}))
    return net.output(last)


def weights(frames: int = 3) -> dict[str, np.ndarray]:
    rows = np.zeros((2, frames, SIZE * SIZE))
    rows[0, 0], rows[0, -1] = 1, -1
    rows[1] = -rows[0]
    return {"fc.weight": rows.reshape(2, -1), "fc.bias": np.zeros(2)}


def clip_run(folder: Path, every: int = 1, span: str = "middle") -> Path:
    source = Choice(id="clips", options={"frames": 3, "size": SIZE, "channels": 1, "every": every, "span": span})
    return run_folder(folder, brightening(), "sequence", ("down", "up"), source=source, weights=weights())  # type: ignore[arg-type]


def film_of(path: Path, values: Sequence[int]) -> Path:
    """A film without loss of grey frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 25.0, (32, 32))
    for value in values:
        writer.write(np.full((32, 32, 3), value, np.uint8))
    writer.release()
    return path


def grey(value: int, side: int = 40) -> Frame:
    return Frame(np.full((side, side, 3), value, np.uint8))


def test_it_answers_once_there_are_enough_frames(tmp_path: Path) -> None:
    predictor = open_predictor(str(clip_run(tmp_path / "run")), "cpu")
    for value in (10, 20):
        early = predictor.predict(grey(value))
        assert isinstance(early, Labels)
        assert early.plain() == {"labels": []}
    answers = [predictor.predict(grey(value)) for value in (30, 10, 5)]
    assert all(isinstance(answer, Classification) for answer in answers)
    assert [answer.plain()["label"] for answer in answers] == ["up", "down", "down"]  # 10-20-30, 20-30-10, 30-10-5
    assert answers[-1].seen.shape == (1, SIZE, 3 * SIZE)  # type: ignore[union-attr]
    assert answers[-1].seen[0, 0, ::SIZE].tolist() == [30, 10, 5]  # type: ignore[union-attr]
    predictor.reset()
    assert isinstance(predictor.predict(grey(1)), Labels), "another video begins"


def test_the_share_is_that_of_the_network_by_hand(tmp_path: Path) -> None:
    predictor = open_predictor(str(clip_run(tmp_path / "run")), "cpu")
    for value in (100, 60, 101):
        answer = predictor.predict(grey(value))
    logit = SIZE * SIZE * 1 / 255  # one grey level more in each of 64 pixels, of 255
    expected = torch.tensor([-logit, logit]).softmax(0)[1].item()
    assert answer.plain() == {"label": "up", "score": pytest.approx(expected, abs=1e-3)}


def test_frames_are_as_far_apart_as_in_the_training(tmp_path: Path) -> None:
    predictor = open_predictor(str(clip_run(tmp_path / "run", every=3)), "cpu")
    answers = [predictor.predict(grey(value)) for value in range(10, 90, 10)]
    assert [isinstance(answer, Classification) for answer in answers] == [False] * 6 + [True] * 2
    assert answers[-1].seen[0, 0, ::SIZE].tolist() == [20, 50, 80]  # type: ignore[union-attr]


def test_a_video_is_answered_frame_by_frame(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.avi", (10, 40, 90, 200, 30, 20))
    run = clip_run(tmp_path / "run")
    assert not reads_no_pictures(run)
    told = list(predict_stream(str(run), str(film), None, None, lambda event: None, CancelSource().token, device="cpu"))
    assert [line["frame"] for line in told] == list(range(6))
    assert [line.get("label") for line in told] == [None, None, "up", "up", "down", "down"]
    assert told[0]["labels"] == []


def told_of(run: Path, source: str | Callable[[], Source], limit: int | None = None) -> tuple[list[dict], list[Notice]]:
    heard: list[Event] = []
    told = list(predict_stream(str(run), source, limit, None, heard.append, CancelSource().token, device="cpu"))
    return told, [event for event in heard if isinstance(event, Notice)]


def test_a_run_of_whole_videos_answers_for_the_whole_video_as_in_its_training(tmp_path: Path) -> None:
    """The film brightens from end to end, but darkens wherever three frames lie side by side, save at one place."""
    values = (10, 9, 8, 60, 59, 58, 120, 119, 118)
    film = film_of(tmp_path / "film.avi", values)
    run = clip_run(tmp_path / "run", span="whole")
    told, notices = told_of(run, str(film))
    assert [line["label"] for line in told] == ["up"] * len(values)
    assert len({line["score"] for line in told}) == 1
    assert not notices
    beside, _ = told_of(clip_run(tmp_path / "beside"), str(film))
    assert beside[-1]["label"] == "down"


def test_what_it_sees_of_a_video_is_what_the_training_saw(tmp_path: Path) -> None:
    (tmp_path / "up").mkdir()
    film = film_of(tmp_path / "up" / "film.avi", range(0, 230, 10))
    options = {"folder": ".", "frames": 3, "size": SIZE, "channels": 1}  # whole videos are what is chosen for one
    learned = parse_source(Choice(id="clips", options=options)).load(tmp_path, lambda event: None, CancelSource().token)
    predictor = open_predictor(str(clip_run(tmp_path / "run", span="whole")), "cpu")
    answer = predictor.predict(Frame(np.zeros((32, 32, 3), np.uint8), 7, video=film))
    assert isinstance(learned, SeriesSet)
    assert np.array_equal(answer.seen, np.concatenate(list(learned.inputs[0]), axis=2))  # type: ignore[union-attr]
    other = film_of(tmp_path / "other.avi", range(230, 0, -10))
    assert predictor.predict(Frame(np.zeros((32, 32, 3), np.uint8), video=other)).plain()["label"] == "down"


def test_a_video_that_is_too_short_for_the_run_is_told(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.avi", (10, 20))
    with pytest.raises(BadInput, match=r"film.avi has 2 frames, and a clip needs 3"):
        told_of(clip_run(tmp_path / "run", span="whole"), str(film))


class Camera(Source):
    live = True

    def open(self) -> None:
        self.left = 3

    def read(self) -> Frame | None:
        self.left -= 1
        return grey(10 * (3 - self.left)) if self.left >= 0 else None

    def close(self) -> None:
        return


def test_a_run_of_whole_videos_says_what_it_sees_of_a_camera(tmp_path: Path) -> None:
    _, (notice,) = told_of(clip_run(tmp_path / "run", every=4, span="whole"), lambda: Camera("A camera"), 1)
    assert "learned from frames spread over whole videos; here it sees the last 3, 4 apart" in notice.what
    assert notice.advice
    assert told_of(clip_run(tmp_path / "middle"), lambda: Camera("A camera"), 1)[1] == []


def test_live_the_model_says_so_too_while_it_looks_at_no_video_file(tmp_path: Path) -> None:
    run = clip_run(tmp_path / "run", span="whole")
    film = film_of(tmp_path / "film.avi", range(0, 100, 10))
    camera, video = (
        Capture(make, _start) for make in (lambda: Camera("A camera"), lambda: VideoSource(film, loop=True))
    )
    loop = LiveLoop()
    loop.use(partial(open_predictor, str(run), "cpu"), "run")
    thread = threading.Thread(target=loop.run, daemon=True)
    thread.start()
    try:
        camera.start()
        loop.watch(camera)
        until(lambda: "learned from frames spread over whole videos" in loop.model.caution)
        video.start()
        loop.watch(video)
        until(lambda: loop.model.status == "ready" and not loop.model.caution)
        until(lambda: loop.result is not None and isinstance(loop.result.outcome, Classification))
    finally:
        loop.stop()
        thread.join(20)
        camera.stop()
        video.stop()


def _start(function: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=function, name=name, daemon=True)
    thread.start()
    return thread


def until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come"
        threading.Event().wait(0.01)


def test_a_run_that_reads_numbers_is_no_run_for_pictures(tmp_path: Path) -> None:
    network = open_network("gru", length=16, features=1, num_classes=2)
    run = run_folder(tmp_path / "run", network, "sequence", ("a", "b"), source=Choice(id="waves"))
    assert reads_no_pictures(run)
    with pytest.raises(BadInput, match="reads tables of numbers, not pictures"):
        open_predictor(str(run), "cpu")
