"""Films last as long as what they show, and are there whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.errors import BadInput
from engine.inference.detections import Classification, Detections
from engine.inference.frame import Frame
from engine.inference.overlay import draw
from engine.inference.record_loop import RecordLoop
from engine.inference.recording import Recorder, save_picture
from engine.opencv import cv2
from tests.helpers.videos import decoded


def grey(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def levels(path: Path) -> list[int]:
    """Brightness of each frame of a film, to the nearest ten."""
    return [round(float(frame.mean()) / 10) * 10 for frame in decoded(path)]


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".webm"])
def test_a_film_keeps_time(suffix: str, tmp_path: Path) -> None:
    """At 10 frames a second: a picture that stays is repeated, one too many in a tenth of a second is left out."""
    path = tmp_path / f"Été{suffix}"
    film = Recorder(path, 10)
    for value, time_ms in ((50, 1000), (100, 1300), (150, 1310), (200, 1400)):
        film.add(grey(value), time_ms)
    assert not path.exists()
    film.finish()
    assert levels(path) == [50, 50, 50, 100, 200]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_long_pause_is_not_filmed(tmp_path: Path) -> None:
    film = Recorder(tmp_path / "a.avi", 10)
    film.add(grey(50), 0)
    film.add(grey(100), 3_600_000)
    film.add(grey(150), 3_600_100)
    film.finish()
    seen = levels(tmp_path / "a.avi")
    assert len(seen) <= 60
    assert seen[-2:] == [100, 150]


def test_pictures_of_other_sizes_are_fitted_in(tmp_path: Path) -> None:
    film = Recorder(tmp_path / "a.avi", 10)
    film.add(grey(200, 63, 47), 0)  # odd sides, which codecs do not take
    film.add(grey(200, 640, 48), 100)
    film.add(grey(200, 5, 100), 200)
    film.finish()
    frames = decoded(tmp_path / "a.avi")
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3
    assert frames[1][0].mean() < 20 < 180 < frames[1][24].mean()


def test_nothing_is_left_of_an_abandoned_or_empty_film(tmp_path: Path) -> None:
    film = Recorder(tmp_path / "a.mp4", 10)
    film.add(grey(1), 0)
    film.abandon()
    Recorder(tmp_path / "b.mp4", 10).finish()
    assert list(tmp_path.iterdir()) == []


def test_bad_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.mp4"):
        Recorder(tmp_path / "a.txt", 10)
    with pytest.raises(BadInput, match="does not exist"):
        Recorder(tmp_path / "nowhere" / "a.mp4", 10)
    with pytest.raises(BadInput, match=r"\.png"):
        save_picture(tmp_path / "a.txt", grey(1))


def test_a_recording_beside_the_live_loop_never_makes_it_wait(tmp_path: Path) -> None:
    film = RecordLoop(tmp_path / "captures" / "a.avi", 25, 0.5)
    for number in range(100):  # nobody writes yet
        film.add(Frame(grey(number), number, 0, captured=number / 25), None)
    film.stop()
    thread = threading.Thread(target=film.run)
    thread.start()
    thread.join(20)
    assert film.ended is not None
    assert film.ended.error is None
    assert film.ended.left_out == 92
    assert film.ended.frames == len(decoded(film.path)) == 8


def test_a_recording_that_cannot_be_written_tells_why(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file where the folder should be")
    film = RecordLoop(tmp_path / "captures" / "a.avi", 25, None)
    film.run()
    assert film.ended is not None
    assert film.ended.error is not None
    assert "captures" in film.ended.error.what


def test_drawing_leaves_the_frame_alone_and_shows_what_is_sure() -> None:
    frame = Frame(grey(100, 320, 240))
    boxes = np.array([[20, 60, 120, 200], [200, 60, 300, 200]], np.float32)
    found = Detections(boxes, np.array([0.9, 0.3], np.float32), np.zeros(2, np.int64), ("face",))
    drawn = draw(frame, found, 0.5)
    assert (frame.image == 100).all()
    changed = (drawn != 100).any(axis=2)
    assert changed[60:200, 20].all(), "the left edge of the sure box"
    assert not changed[:, 170:].any(), "the other box is not sure enough"
    labelled = draw(frame, Classification(("a", "ü"), np.array([0.2, 0.8], np.float32)))
    assert (labelled != 100).any()


def test_a_picture_is_saved_as_it_is(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = tmp_path / "快照.png"
    save_picture(path, image)
    read = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(read, image)
