"""Frames copied out of videos: found again by content, and removed when nobody uses them and they take too much."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.base import PictureSet, parse_source
from engine.datasets.formats import videos
from engine.datasets.formats.kept_frames import LISTING, RECENT, home, make_room
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput
from engine.project.spec import ProjectSpec
from engine.project.store import save_project
from tests.helpers.videos import write_video

DAY = 24 * 3600.0


def video(path: Path, start: int = 0, count: int = 12) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(path, [np.full((48, 64, 3), (start + 9 * n) % 256, np.uint8) for n in range(count)])


def choice(path: Path | str, **options: int) -> Choice:
    return Choice(id="frames", options={"folder": str(path), "every": 4, **options})


def load(path: Path | str, root: Path = Path(), **options: int) -> PictureSet:
    found = parse_source(choice(path, **options)).load(root, lambda event: None, CancelSource().token)
    assert isinstance(found, PictureSet)
    return found


def folders() -> list[Path]:
    return sorted(path for path in home().iterdir() if path.is_dir())


def aged(folder: Path, days: float) -> Path:
    """As if the frames had last been asked for so many days ago."""
    then = time.time() - days * DAY
    os.utime(folder / LISTING, (then, then))
    return folder


def kept(path: Path, days: float, **options: int) -> Path:
    """The folder of a video's frames, asked for so many days ago by nobody that has a project."""
    before = set(folders()) if home().is_dir() else set()
    load(path, **options)
    (made,) = set(folders()) - before
    return aged(made, days)


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the videos that were decoded."""
    seen: list[str] = []
    original = videos._decode

    def noted(path: Path, *rest: object) -> tuple[list[str], str]:
        seen.append(path.name)
        return original(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(videos, "_decode", noted)
    return seen


def test_a_copy_a_move_and_a_touch_take_the_same_frames(tmp_path: Path, decodings: list[str]) -> None:
    first = load(video(tmp_path / "a.avi"))
    shutil.copy(tmp_path / "a.avi", tmp_path / "copy.avi")
    (tmp_path / "a.avi").rename(tmp_path / "moved.avi")
    os.utime(tmp_path / "moved.avi", (5, 5))
    for name in ("copy.avi", "moved.avi"):
        again = load(tmp_path / name)
        assert np.array_equal(again.picture(1), first.picture(1))
    assert decodings == ["a.avi"]
    assert len(folders()) == 1
    load(tmp_path / "copy.avi", every=6)
    video(tmp_path / "moved.avi", 100)
    assert load(tmp_path / "moved.avi").picture(0).mean() > 90
    assert decodings == ["a.avi", "copy.avi", "moved.avi"]


def test_a_video_is_read_through_for_its_content_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.datasets.formats import kept_frames

    load(video(tmp_path / "a.avi"))
    monkeypatch.setattr(kept_frames, "_digest", lambda *_: pytest.fail("the file has not changed"))
    assert len(load(tmp_path / "a.avi")) == 3


def test_the_oldest_go_first_and_only_as_many_as_must(tmp_path: Path) -> None:
    old, middle, new = (kept(video(tmp_path / f"{days}.avi", days), days) for days in (9, 6, 3))
    size = sum(file.stat().st_size for file in old.iterdir())
    whole = sum(file.stat().st_size for folder in folders() for file in folder.iterdir())
    assert make_room(whole) == 0
    assert make_room(whole - 1) == size
    assert folders() == sorted([middle, new])
    assert make_room(0) > 0
    assert folders() == []
    assert len(load(tmp_path / "9.avi")) == 3, "they can be taken again"


def test_asking_again_makes_them_young(tmp_path: Path) -> None:
    old, younger = (kept(video(tmp_path / f"{days}.avi", days), days) for days in (9, 6))
    load(tmp_path / "9.avi")
    make_room(0)
    assert folders() == [old]
    assert not younger.exists()


def test_what_was_asked_for_lately_is_never_removed(tmp_path: Path) -> None:
    kept(video(tmp_path / "a.avi"), 0.5)
    assert make_room(0) == 0
    assert RECENT == DAY


def test_what_a_project_names_is_never_removed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        root = tmp_path / name
        video(root / "films" / "a.avi", 10 * len(name + name[0]))
        project = ProjectSpec(name, data=DataSpec(source=choice("films", most=2 if name == "one" else 3)))
        save_project(project, root)
        load("films", root, most=2 if name == "one" else 3)
    assert len(folders()) == 2
    for folder in folders():
        aged(folder, 30)
    assert make_room(0) == 0
    # One project turns to another dataset, and the other is deleted.
    save_project(ProjectSpec("one"), tmp_path / "one")
    assert make_room(0) > 0
    (left,) = folders()
    assert json.loads((left / "users.json").read_text())["users"][0]["project"] == str(tmp_path / "two")
    shutil.rmtree(tmp_path / "two")
    assert make_room(0) > 0
    assert folders() == []


def test_nothing_but_frames_is_ever_removed(tmp_path: Path) -> None:
    mine = kept(video(tmp_path / "a.avi"), 30)
    (mine / "notes.txt").write_text("my own")
    (home() / "holiday").mkdir()
    (home() / "holiday" / "0000001.jpg").write_bytes(b"mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "0000001.jpg").write_bytes(b"mine")
    (home() / ("0" * 32)).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert make_room(0) == 0
    assert (mine / "notes.txt").is_file()
    assert (home() / "holiday" / "0000001.jpg").is_file()
    assert (tmp_path / "elsewhere" / "0000001.jpg").is_file()


def test_what_an_ended_process_left_goes_after_a_day(tmp_path: Path) -> None:
    load(video(tmp_path / "a.avi"))
    fresh, old = home() / "making-now", home() / "making-then"
    for folder in (fresh, old):
        folder.mkdir()
        (folder / "0000000.jpg").write_bytes(b"half")
    os.utime(old, (1, 1))
    make_room()
    assert (fresh.exists(), old.exists()) == (True, False)


def test_damaged_notes_cost_time_and_nothing_else(tmp_path: Path, decodings: list[str]) -> None:
    load(video(tmp_path / "a.avi"))
    (folder,) = folders()
    for name, text in (("seen.json", "[1"), (f"{folder.name}/users.json", '{"users": 3}')):
        (home() / name).write_text(text)
        assert len(load(tmp_path / "a.avi")) == 3
    assert decodings == ["a.avi"]
    for text in (
        "[]",
        '[["0000099.jpg"], ""]',
        '[["../../../../a.avi"], ""]',
        '[["../../a.avi", 5], ""]',
        "{}",
        '["0000000.jpg", "", 3]',
    ):
        (folder / LISTING).write_text(text)
        assert len(load(tmp_path / "a.avi")) == 3
    assert decodings == ["a.avi"] * 7


def test_no_room_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> tuple[list[str], str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(videos, "_decode", full)
    with pytest.raises(BadInput, match=r"The frames of a\.avi could not be kept in .*: No space left"):
        load(video(tmp_path / "a.avi"))
    assert folders() == []
