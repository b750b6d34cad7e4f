"""Videos, folders and texts that name a source."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from engine.cancel import CancelSource
from engine.errors import BadInput, VitrineError
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, make_source
from engine.inference.sources.camera import CameraSource
from engine.inference.sources.folder import FolderSource
from engine.inference.sources.scribble import Board, ScribbleSource
from engine.inference.sources.url import UrlSource
from engine.inference.sources.video import VideoSource
from engine.inference.stream import predict_stream
from engine.opencv import cv2
from tests.helpers.videos import astronaut, decoded, moving_face, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames of 50 a second whose brightness counts up in steps of 20."""
    frames = [np.full((48, 64, 3), 20 * (number + 1), np.uint8) for number in range(10)]
    return write_video(tmp_path_factory.mktemp("video") / "steps.avi", frames, fps=50)


def all_frames(source: Source, most: int = 1000) -> list[Frame]:
    source.open()
    try:
        found = []
        while len(found) < most and (frame := source.read()) is not None:
            found.append(frame)
        return found
    finally:
        source.close()


def test_every_frame_of_a_file_comes_once_in_order(video: Path) -> None:
    frames = all_frames(VideoSource(video))
    for frame, direct in zip(frames, decoded(video), strict=True):
        np.testing.assert_array_equal(frame.image, direct)
    assert [frame.index for frame in frames] == list(range(10))
    assert [frame.time_ms for frame in frames] == pytest.approx([20.0 * number for number in range(10)], abs=1)


def test_a_loop_goes_on_counting_and_begins_at_the_first_frame(video: Path) -> None:
    frames = all_frames(VideoSource(video, loop=True), most=35)
    once = decoded(video)
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(frame.image, once[number % 10])
        assert frame.index == number
        assert frame.time_ms == pytest.approx(20.0 * number, abs=1)


def test_real_time_takes_as_long_as_the_video(video: Path) -> None:
    began = time.perf_counter()
    frames = all_frames(VideoSource(video, realtime=True, loop=True), most=21)
    assert time.perf_counter() - began == pytest.approx(0.4, abs=0.15)
    assert frames[-1].time_ms == pytest.approx((frames[-1].captured - frames[0].captured) * 1000, abs=60)


def test_a_slow_reader_of_real_time_sees_the_present(video: Path) -> None:
    source = VideoSource(video, realtime=True, loop=True)
    source.open()
    first = source.read()
    source._wait(0.2)
    late = source.read()
    source.close()
    assert first is not None
    assert late is not None
    assert late.index >= 9, "frames whose time had passed were not left out"
    assert late.time_ms == pytest.approx((late.captured - first.captured) * 1000, abs=45)


def test_interrupting_ends_a_wait_at_once(tmp_path: Path) -> None:
    slow = write_video(tmp_path / "slow.avi", [np.zeros((48, 64, 3), np.uint8)] * 3, fps=1)
    source = VideoSource(slow, realtime=True)
    source.open()
    source.read()
    source.interrupt()
    began = time.perf_counter()
    source.read()
    assert time.perf_counter() - began < 0.5
    source.close()


def test_pictures_of_a_folder_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        cv2.imwrite(str(tmp_path / f"a{number}.png"), np.full((5, 6, 3), number, np.uint8))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "notes.txt").write_text("no picture")
    faults: list[VitrineError] = []
    source = FolderSource(tmp_path)
    source.on_fault = faults.append
    frames = all_frames(source)
    assert [frame.name for frame in frames] == ["a1.png", "a2.png", "a10.png"]
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [1, 2, 10]
    assert len(faults) == 1
    assert "broken.png" in faults[0].what


def test_a_looped_folder_of_broken_pictures_ends(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert all_frames(FolderSource(tmp_path, loop=True)) == []


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    photograph = skimage.data.astronaut()
    cv2.imwrite(str(tmp_path / "one.png"), photograph[:, :, ::-1])
    frame = all_frames(FolderSource(tmp_path / "one.png"))[0]
    np.testing.assert_array_equal(frame.rgb(), photograph)
    assert not frame.image.flags.writeable


def test_texts_that_name_sources(tmp_path: Path, video: Path) -> None:
    assert isinstance(make_source("camera:0"), CameraSource)
    assert isinstance(make_source("camera:HD Webcam"), CameraSource)
    assert isinstance(make_source("rtsp://user:secret@cam.local/1"), UrlSource)
    assert isinstance(make_source(str(video)), VideoSource)
    assert isinstance(make_source(str(tmp_path)), FolderSource)
    assert isinstance(make_source("missing.mp4"), VideoSource)
    assert "secret" not in make_source("rtsp://user:secret@cam.local/1").name
    for text in ("nothing-of-the-kind", "", "scribble"):
        with pytest.raises(BadInput):
            make_source(text)
    assert {"camera", "video", "folder", "url", "scribble"} <= set(SOURCES)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "folder"),
        ("a.JPG", "folder"),
        ("a.gif", "video"),
        ("a.mp4", "video"),
        ("a.dat", "video"),
        ("", "folder"),
    ],
)
def test_a_file_is_of_one_kind_in_whatever_order_they_are_asked(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    if name:
        path.write_bytes(b"something")
    assert [id for id in SOURCES if SOURCES.get(id).accepts(str(path))] == [kind]


@pytest.mark.parametrize("make", ["missing", "pipe", "text", "folder"])
def test_what_is_no_video_is_refused_without_waiting(make: str, tmp_path: Path) -> None:
    path = tmp_path / "x.avi"
    if make == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("named pipes of this kind are POSIX")
        os.mkfifo(path)  # opening it would block until somebody writes
    elif make == "text":
        path.write_text("I am a poem")
    elif make == "folder":
        path.mkdir()
    with pytest.raises(BadInput, match=r"x\.avi"):
        all_frames(VideoSource(path))


def test_a_truncated_video_gives_what_is_there(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.avi", moving_face())
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 3 <= len(all_frames(VideoSource(cut))) <= 7


def test_the_scribble_pad_gives_each_drawing_once() -> None:
    board = Board()
    board.put(np.zeros((8, 8, 3), np.uint8))
    source = ScribbleSource(board)
    source.open()
    first = source.read()
    assert first is not None
    assert first.drawn
    board.put(np.ones((8, 8, 3), np.uint8))
    board.put(np.full((8, 8, 3), 2, np.uint8))
    second = source.read()
    assert second is not None
    assert second.image[0, 0, 0] == 2, "an older drawing was handed out"
    source.interrupt()
    assert source.read() is None


def saved(source: Path, out: Path) -> list[str]:
    list(predict_stream("opencv:face", str(source), None, out, lambda event: None, CancelSource().token))
    return sorted(path.name for path in out.iterdir())


def test_saved_pictures_keep_their_names_and_no_original_is_written_over(tmp_path: Path) -> None:
    pictures = tmp_path / "in"
    for name in ("cats/Mia.jpg", "dogs/mia.png", "dogs/rex.2.png"):
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(pictures / name), astronaut())
    assert saved(pictures, tmp_path / "out") == ["Mia.png", "mia_2.png", "rex.2.png"]
    before = (pictures / "dogs" / "rex.2.png").read_bytes()
    with pytest.raises(BadInput, match=r"rex\.2\.png is one of the pictures themselves"):
        saved(pictures / "dogs" / "rex.2.png", pictures / "dogs")
    assert (pictures / "dogs" / "rex.2.png").read_bytes() == before
    with pytest.raises(BadInput, match="is one of the pictures themselves"):
        saved(pictures / "dogs", pictures / "dogs")
    video = write_video(tmp_path / "a.avi", moving_face(2))
    assert saved(video, tmp_path / "frames") == ["000000.png", "000001.png"]


@pytest.mark.parametrize(("name", "kind"), [("none.png", "file"), ("none", "folder")])
def test_what_is_not_there_is_called_what_it_would_be(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(BadInput) as error:
        FolderSource(tmp_path / name).open()
    assert error.value.advice == f"Check the name, or choose another {kind}."


def test_saving_pictures_of_a_folder(tmp_path: Path) -> None:
    pictures, out = tmp_path / "in", tmp_path / "out"
    pictures.mkdir()
    for number in range(3):
        cv2.imwrite(str(pictures / f"{number}.png"), astronaut())
    lines = list(predict_stream("opencv:face", str(pictures), None, out, lambda event: None, CancelSource().token))
    assert [len(line["detections"]) for line in lines] == [1, 1, 1]
    assert sorted(path.name for path in out.iterdir()) == ["0.png", "1.png", "2.png"]
    with pytest.raises(BadInput, match="holds one picture"):
        list(
            predict_stream(
                "opencv:face", str(pictures), None, tmp_path / "one.png", lambda event: None, CancelSource().token
            )
        )
    with pytest.raises(BadInput, match="neither a video nor a picture"):
        next(
            predict_stream(
                "opencv:face", str(pictures), None, tmp_path / "x.pdf", lambda event: None, CancelSource().token
            )
        )


def test_a_stream_that_nobody_sends_is_refused_in_time() -> None:
    began = time.perf_counter()
    source = UrlSource("http://user:secret@127.0.0.1:9/stream.mjpg")  # the discard port: nobody listens
    with pytest.raises(BadInput) as caught:
        source.open()
    assert time.perf_counter() - began < 8
    assert "127.0.0.1:9/stream.mjpg" in caught.value.what
    assert "secret" not in str(caught.value)


def test_a_missing_camera_is_told_by_its_name() -> None:
    with pytest.raises(BadInput, match=r"The camera No such webcam is not there\."):
        CameraSource("No such webcam").open()
    with pytest.raises(BadInput, match=r"Camera 83 is not there\."):
        CameraSource("83").open()
