"""`predict` on a video finds what a direct OpenCV call finds, in the exact JSON that is promised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.opencv import cv2
from tests.helpers.videos import STEP, decoded, moving_astronaut, write_video

ROOT = Path(__file__).resolve().parents[2]


def run_predict(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "main.py", "predict", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A space and letters of other scripts, as in a person's own folders.
    return write_video(tmp_path_factory.mktemp("Vidéos 影片") / "a face.avi", moving_astronaut())


@pytest.fixture(scope="module")
def lines(video: Path) -> list[dict]:
    done = run_predict("--model", "opencv:face", "--source", str(video), "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_faces_are_exactly_those_of_a_direct_call(video: Path, lines: list[dict]) -> None:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    frames = decoded(video)
    assert len(lines) == len(frames) == 12
    for line, frame in zip(lines, frames, strict=True):
        direct = cascade.detectMultiScale(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), 1.1, 5)
        expected = sorted([float(x), float(y), float(x + w), float(y + h)] for x, y, w, h in direct)
        assert sorted(one["box"] for one in line["detections"]) == expected
        assert expected, "the test's own video has no face"


def test_json_has_exactly_the_promised_keys(lines: list[dict]) -> None:
    for number, line in enumerate(lines):
        assert list(line) == ["frame", "time_ms", "detections"]
        assert line["frame"] == number
        assert line["time_ms"] == pytest.approx(number * 40, abs=1)
        for one in line["detections"]:
            assert set(one) == {"box", "label", "score", "track"}
            assert one["label"] == "face"
            assert 0.5 <= one["score"] <= 1
            assert one["track"] is None


def test_the_face_moves_as_it_was_moved(lines: list[dict]) -> None:
    """The surest box follows the photograph's movement."""
    centres = []
    for line in lines:
        x1, _, x2, _ = max(line["detections"], key=lambda one: one["score"])["box"]
        centres.append((x1 + x2) / 2)
    slope = np.polyfit(range(len(centres)), centres, 1)[0]
    assert slope == pytest.approx(STEP, abs=0.5)


def test_limit_and_save(video: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    done = run_predict("--model", "opencv:face", "--source", str(video), "--limit", "5", "--save", str(out), "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5
    saved = decoded(out)
    assert len(saved) == 5
    assert saved[0].shape == (480, 640, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("model", "source", "words"),
    [
        ("opencv:face", "missing.mp4", "does not exist"),
        ("opencv:fase", "VIDEO", "Did you mean opencv:face?"),
        ("opencv:face", "camera:97", "is not there"),
        ("no-such-run", "VIDEO", "neither a detector, nor a trained model, nor the folder of a run"),
        ("opencv:face", "EMPTY", "could not be opened as a video"),
    ],
)
def test_bad_input_is_two_sentences(model: str, source: str, words: str, video: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.avi"
    empty.write_bytes(b"")
    source = {"VIDEO": str(video), "EMPTY": str(empty)}.get(source, source)
    done = run_predict("--model", model, "--source", source, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
