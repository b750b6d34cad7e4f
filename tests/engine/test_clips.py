"""Clips: drawn so that no single frame tells, cut out of videos, held as bytes, shown as strips, and checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.cancel import CancelSource
from engine.datasets import drawn_frames
from engine.datasets.base import DATASETS, SeriesSet, parse_source
from engine.datasets.drawn_series import DrawnSeries
from engine.datasets.formats.class_folders import require_memory, sorted_by_class
from engine.datasets.formats.clips import Cut, clip_of, make_room
from engine.datasets.prepare import prepare
from engine.datasets.sequences.motions import LEVELS, MOTIONS, MovingShapes
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput, JobCancelled
from engine.gallery import open_network
from engine.graph.analyse import analyse
from engine.opencv import cv2
from engine.project.spec import ProjectSpec
from engine.project.suiting import unsuited
from engine.tasks.base import make_task


def load(id: str, root: Path = Path(), **options: object) -> SeriesSet:
    found = parse_source(Choice(id=id, options=options)).load(root, lambda event: None, CancelSource().token)
    assert isinstance(found, SeriesSet)
    return found


def video(path: Path, frames: int, side: int = 32, step: int = 5) -> Path:
    """A film without loss in which frame k is grey of value k·step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 25.0, (side, side))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(np.full((side, side, 3), number * step, np.uint8))
    writer.release()
    return path


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's own data, where nothing lies yet."""
    monkeypatch.setenv("VITRINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "data"


# -- drawn by the program


def test_generated_clips_follow_from_options_and_number_alone() -> None:
    ours = load("moving_shapes", count=30, frames=5, size=16, channels=3)
    assert ours.inputs.shape == (30, 5, 3, 16, 16)
    assert ours.inputs.dtype == np.uint8
    assert np.array_equal(load("moving_shapes", count=40, frames=5, size=16, channels=3).inputs[:30], ours.inputs)
    assert load("moving_shapes", count=30, frames=5, size=16, seed=1).fingerprint() != ours.fingerprint()
    assert load("moving_shapes", count=5, kinds="still, up").classes == ("still", "up")
    for kinds in ("left, sideways", "left, left", ""):
        with pytest.raises(BadInput, match="kinds"):
            load("moving_shapes", kinds=kinds)


@pytest.mark.parametrize("kind", MOTIONS)
def test_a_shape_moves_as_its_class_says(kind: str) -> None:
    """The middle of the bright pixels, the shorter way round the edges, wanders in the direction that is named."""
    clips = load("moving_shapes", count=20, kinds=kind, frames=8, size=24).inputs[:, :, 0].astype(np.float64)
    light = np.clip(clips - np.median(clips, axis=(2, 3), keepdims=True) - 40, 0, None)  # (N, T, H, W)
    turn = np.exp(2j * np.pi * np.arange(24) / 24)
    place = np.stack([(light.sum(2) * turn).sum(-1), (light.sum(3) * turn).sum(-1)], -1)  # (N, T, 2) as (x, y)
    moved = np.angle(place[:, 1:] / place[:, :-1]).mean(1) * 24 / (2 * np.pi)  # (N, 2), pixels a frame
    steps = np.angle(place[:, 1:] / place[:, :-1])
    sense = (steps[:, :-1, 0] * steps[:, 1:, 1] - steps[:, :-1, 1] * steps[:, 1:, 0]).mean(1)
    straight = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1), "still": (0, 0)}
    if kind in straight:
        x, y = straight[kind]
        along, across = (moved * (x, y)).sum(1), np.abs(moved * (y, x)).sum(1)
        assert (along > 1).all() if kind != "still" else np.abs(moved).max() < 0.2
        assert across.max() < 0.3
    else:
        # With y downwards, a positive cross product turns as the hands of a clock do.
        assert (sense > 0.01).all() if kind == "clockwise" else (sense < -0.01).all()


@pytest.mark.parametrize("difficulty", list(LEVELS))
def test_no_single_frame_tells_the_class(difficulty: str) -> None:
    """Neither where it is bright nor how much: per class the mean frames are as alike as chance lets them be."""
    ours = load("moving_shapes", count=1200, frames=4, size=12, kinds="right, left, up, down", difficulty=difficulty)
    pixels = ours.inputs[:, :, 0].reshape(1200, 4, 144).astype(np.float64)
    for frame in range(4):
        values = pixels[:, frame]
        spread = values.std(0)
        for label in range(4):
            chosen = values[ours.labels == label]
            off = (chosen.mean(0) - values.mean(0)) / (spread / np.sqrt(len(chosen)))  # about standard normal
            assert np.abs(off).max() < 5
            assert (off**2).mean() < 1.6


def test_harder_clips_hide_the_shape_better() -> None:
    assert list(LEVELS) == ["easy", "medium", "hard"]
    clear = [MovingShapes(("still",), 4, 24, 1, level, 0) for level in LEVELS.values()]
    flicker = [np.diff(recipe.clip(3)[0].astype(float), axis=0).std() for recipe in clear]
    assert flicker == sorted(flicker)


def test_drawing_stops_when_asked() -> None:
    source = CancelSource()
    with pytest.raises(JobCancelled):
        DATASETS.get("moving_shapes")(count=5000).load(Path(), lambda event: source.cancel(), source.token)


# -- the user's own


def test_videos_in_class_folders_become_clips(tmp_path: Path) -> None:
    video(tmp_path / "slow" / "a.avi", 21)
    video(tmp_path / "slow" / "b.avi", 9)
    video(tmp_path / "fast" / "c.avi", 12)
    video(tmp_path / "fast" / "short.avi", 3)
    video(tmp_path / "loose.avi", 9)
    (tmp_path / "fast" / "no film.mp4").write_bytes(b"nothing of the kind")
    ours = load("clips", tmp_path, folder=".", frames=5, size=16, channels=1)
    assert ours.classes == ("fast", "slow")
    assert ours.names == ("fast/c.avi", "slow/a.avi", "slow/b.avi")
    assert ours.labels.tolist() == [0, 1, 1]
    assert ours.inputs.shape == (3, 5, 1, 16, 16)
    # Every value of frame k is 5·k: evenly spaced from the first frame to the last.
    assert (ours.inputs[1] // 5)[:, 0, 0, 0].tolist() == [0, 5, 10, 15, 20]
    assert (ours.inputs[2] // 5)[:, 0, 0, 0].tolist() == [0, 2, 4, 6, 8]
    reasons = {fault.name: fault.reason for fault in ours.faults}
    assert set(reasons) == {"loose.avi", "fast/short.avi", "fast/no film.mp4"}
    assert "3 frames" in reasons["fast/short.avi"]
    assert "needs 5" in reasons["fast/short.avi"]
    assert "could not be opened" in reasons["fast/no film.mp4"]


def test_a_clip_from_the_middle_and_an_edited_video(tmp_path: Path) -> None:
    video(tmp_path / "one" / "a.avi", 21)
    middle = {"folder": ".", "frames": 3, "size": 8, "channels": 1, "span": "middle", "every": 4}
    # 9 frames are needed, so 6 stay on either side.
    assert (load("clips", tmp_path, **middle).inputs[0] // 5)[:, 0, 0, 0].tolist() == [6, 10, 14]
    again = load("clips", tmp_path, **middle)
    assert (again.inputs[0] // 5)[:, 0, 0, 0].tolist() == [6, 10, 14], "what was kept is the same"
    video(tmp_path / "one" / "a.avi", 11)
    assert (load("clips", tmp_path, **middle).inputs[0] // 5)[:, 0, 0, 0].tolist() == [1, 5, 9]
    assert Cut(3, "middle", 4, 8, 1).needed == 9


def test_folders_that_name_parts_keep_their_videos_there(tmp_path: Path) -> None:
    for name in ("train/up/1.avi", "train/down/2.avi", "test/up/3.avi"):
        video(tmp_path / name, 6)
    ours = load("clips", tmp_path, folder=".", frames=4, size=8)
    assert ours.classes == ("down", "up")
    assert dict(zip(ours.names, ours.fixed.tolist(), strict=True)) == {
        "test/up/3.avi": 2, "train/down/2.avi": 0, "train/up/1.avi": 0,
    }  # fmt: skip


def test_what_lies_in_a_part_but_in_no_class_folder_is_passed_over(tmp_path: Path) -> None:
    for name in ("train/up/1.avi", "train/down/2.avi", "test/3.avi", "test/4.avi"):
        video(tmp_path / name, 4)
    ours = load("clips", tmp_path, folder=".", frames=4, size=8)
    assert ours.classes == ("down", "up")
    assert ours.names == ("train/down/2.avi", "train/up/1.avi")
    assert [fault.name for fault in ours.faults] == ["test/3.avi", "test/4.avi"]
    assert {fault.reason for fault in ours.faults} == {
        "It lies in test but in no class folder there, so its class is not known."
    }


@pytest.mark.parametrize(
    ("names", "classes", "labels", "parts"),
    [
        (["train/a/1", "val/b/2", "test/3", "test/4"], ("a", "b"), [0, 1], [0, 1]),
        (["all/train/a/1", "all/test/b/2", "all/loose", "loose"], ("a", "b"), [0, 1], [0, 2]),
        (["all/a/1", "all/b/2"], ("all",), [0, 0], [-1, -1]),
        (["Train/a/1", "Test/deep/er/2"], ("a", "deep"), [0, 1], [0, 2]),
        (["train/1", "test/2"], ("test", "train"), [1, 0], [-1, -1]),
        (["test/deep/1", "other/2"], ("other", "test"), [1, 0], [-1, -1]),
        (["train/a/1", "extra/2"], ("a", "extra"), [0, 1], [0, -1]),
    ],
)
def test_folders_say_class_and_part(
    names: list[str], classes: tuple[str, ...], labels: list[int], parts: list[int]
) -> None:
    """A class may be called "test" beside others; parts have class folders inside, and may lie one folder down."""
    ours = sorted_by_class(names)
    assert ours.classes == classes
    assert ours.labels.tolist() == labels
    assert ours.fixed.tolist() == parts


def test_a_video_that_cannot_be_read_changes_nothing_for_the_others(tmp_path: Path) -> None:
    """With it the folders are classes; of what is left alone one would take them for parts."""
    video(tmp_path / "all" / "train" / "a.avi", 4)
    video(tmp_path / "all" / "train" / "deep" / "b.avi", 4)
    video(tmp_path / "more" / "c.avi", 2)
    ours = load("clips", tmp_path, folder=".", frames=4, size=8)
    assert ours.classes == ("all",)
    assert len(ours.labels) == 2


def test_kept_clips_stay_within_a_limit_and_the_oldest_go_first(tmp_path: Path, own_data: Path) -> None:
    cut = Cut(2, "whole", 1, 8, 1)
    kept = own_data / "datasets" / "clips"
    files: list[Path] = []
    for number, name in enumerate("abc"):
        film = video(tmp_path / f"{name}.avi", 4)
        before = set(kept.glob("*.npy"))
        clip_of(film, cut, lambda count: None)
        (file,) = set(kept.glob("*.npy")) - before
        os.utime(file, (number + 1, number + 1))
        files.append(file)
    clip_of(tmp_path / "a.avi", cut, lambda count: None)  # asked for again
    others = [kept / "notes.txt", kept / "mine.npy", kept / "half.part"]
    for other in others:
        other.write_bytes(b"x" * 1000)
    size = files[0].stat().st_size
    assert make_room(3 * size) == 0
    assert make_room(3 * size - 1) == size
    assert [file.exists() for file in files] == [True, False, True]
    assert make_room(0) == 2 * size
    assert all(other.exists() for other in others)
    os.utime(others[2], (1, 1))
    make_room(0)
    assert not others[2].exists(), "nobody finishes it any more"


def test_loading_videos_makes_room(tmp_path: Path, own_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_room, "__defaults__", (1, 1.0))
    video(tmp_path / "one" / "a.avi", 4)
    assert len(load("clips", tmp_path, folder=".", frames=2, size=8).inputs) == 1
    assert not list((own_data / "datasets" / "clips").glob("*.npy"))


BROKEN = """
import sys
from pathlib import Path
from engine.datasets.formats.clips import Cut, clip_of
from engine.errors import BadInput
from engine.inference.sources.video import VideoSource

for name in sys.argv[1:]:
    try:
        clip_of(Path(name), Cut(4, "whole", 1, 8, 3), lambda count: None)
    except BadInput:
        pass
    source = VideoSource(Path(name))
    try:
        source.open()
        while source.read() is not None:
            pass
    except BadInput:
        pass
    source.close()
"""


def test_broken_videos_write_nothing_between_our_lines(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
    noise = np.random.default_rng(0).integers(0, 255, (20, 48, 64, 3), np.uint8)
    for image in noise:
        writer.write(image)
    writer.release()
    data = whole.read_bytes()
    broken = {
        "unfinished.mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\x10\0mdat" + b"x" * 5000,  # no moov atom
        "short.mp4": data[: len(data) // 2],
        "scratched.mp4": data[:2000] + bytes(400) + data[2400:6000] + b"\xff" * 300 + data[6300:],
        "short.avi": video(tmp_path / "film.avi", 9).read_bytes()[:9000],
        "none.mkv": b"nothing of the kind",
        "empty.mp4": b"",
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
    told = subprocess.run(
        [sys.executable, "-c", BROKEN, *(str(tmp_path / name) for name in broken)],
        capture_output=True, text=True, timeout=100, check=True, cwd=Path(__file__).parents[2],
        env={name: value for name, value in os.environ.items() if name != "OPENCV_FFMPEG_LOGLEVEL"},
    )  # fmt: skip
    assert (told.stdout, told.stderr) == ("", "")


def test_what_is_no_folder_of_videos_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has been chosen"):
        load("clips", tmp_path)
    with pytest.raises(BadInput, match="holds no videos"):
        load("clips", tmp_path, folder=".")
    film = video(tmp_path / "a.avi", 9)
    with pytest.raises(BadInput, match="1 video but no class folders"):
        load("clips", tmp_path, folder=".")
    with pytest.raises(BadInput, match="one file"):
        load("clips", tmp_path, folder=str(film))
    film.unlink()
    video(tmp_path / "one" / "b.avi", 3)
    with pytest.raises(BadInput, match=r"no video that can be used.*one/b.avi"):
        load("clips", tmp_path, folder=".", frames=8)


def test_reading_videos_stops_when_asked(tmp_path: Path) -> None:
    video(tmp_path / "one" / "a.avi", 9)
    video(tmp_path / "one" / "b.avi", 9)
    source = CancelSource()
    with pytest.raises(JobCancelled):
        DATASETS.get("clips")(folder=str(tmp_path)).load(tmp_path, lambda event: source.cancel(), source.token)


def test_more_than_fits_is_refused_before_it_is_read() -> None:
    require_memory(100, (8, 1, 10, 10), "clip", lambda: 4 * 80_000)
    with pytest.raises(BadInput, match=r"101 clips of 8×1×10×10 values"):
        require_memory(101, (8, 1, 10, 10), "clip", lambda: 4 * 80_000)


# -- on their way into a network


def test_clips_are_held_as_bytes_and_reach_the_network_from_0_to_1() -> None:
    data = DataSpec(source=Choice(id="moving_shapes", options={"count": 60, "frames": 3, "size": 8}))
    prepared = prepare(data, Path(), lambda event: None, CancelSource().token)
    assert prepared.train.inputs.dtype == torch.uint8
    assert prepared.train.sample_shape == (3, 1, 8, 8)
    fed = prepared.preprocessor.normalise(prepared.train.inputs)
    assert torch.allclose(fed, prepared.train.inputs.double().div(255).float())
    assert torch.equal(prepared.preprocessor.restore(fed), prepared.train.inputs)
    assert len(prepared.train) + len(prepared.validation) + len(prepared.test) == 60


def test_a_network_for_other_clips_is_told_and_mended() -> None:
    network = open_network("cnn_lstm", num_classes=6)  # 8×3×32×32
    project = ProjectSpec(task="sequence", network=network, data=DataSpec(source=Choice(id="moving_shapes")))
    problem = unsuited(project, analyse(network), 6)
    assert problem is not None
    assert problem.node == "input"
    assert "8×1×24×24" in problem.message
    assert "8×3×32×32" in problem.message
    (repair,) = problem.repairs
    mended = repair.apply(network)
    assert unsuited(project.with_(network=mended), analyse(mended), 6) is None


def test_a_repair_that_would_break_the_drawing_is_not_offered() -> None:
    network = open_network("cnn_lstm", num_classes=6, in_channels=1)
    source = Choice(id="waves")  # no frames, and waves say no shape before they are read
    assert (
        unsuited(ProjectSpec(task="sequence", network=network, data=DataSpec(source=source)), analyse(network), 6)
        is None
    )
    tiny = Choice(id="moving_shapes", options={"size": 8})
    deep = open_network("cnn_lstm", num_classes=6, in_channels=1, size=64)
    problem = unsuited(ProjectSpec(task="sequence", network=deep, data=DataSpec(source=tiny)), analyse(deep), 6)
    assert problem is not None
    for repair in problem.repairs:
        assert not analyse(repair.apply(deep)).errors


# -- shown


def test_a_clip_is_shown_as_a_strip_of_its_frames() -> None:
    clip = np.arange(1, 9, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 4, 6), np.uint8)
    strip = drawn_frames.drawn(clip)
    assert strip.shape == (2 * 6 + 2, 4 * 8 + 2)
    seen = [int(strip[4 + 6 * row, 4 + 8 * column]) for row in range(2) for column in range(4)]
    assert seen == list(range(1, 9))
    assert drawn_frames.drawn(np.repeat(clip, 3, axis=1)).shape == (14, 34, 3)
    long = np.repeat(clip, 20, axis=0)
    assert drawn_frames.drawn(long).shape[0] < 100


def test_the_wall_and_samples_show_strips() -> None:
    ours = load("moving_shapes", count=4, frames=4, size=10)
    shown = DrawnSeries(ours)
    assert shown.picture(2).shape == (14, 50, 3)
    assert shown.extent == "4 frames of 10×10 pixels each"
    task = make_task("sequence", ours.classes)
    answer = {"predicted": np.array(1), "confidence": np.array(0.75), "probabilities": np.zeros(6)}
    sketch = task.sketch(ours.inputs[0], answer, {"label": np.array(1)})
    assert np.array_equal(sketch.image, drawn_frames.film_strip(ours.inputs[0]))
    assert sketch.mark == "right"
