"""Frames of videos as picture files, so that they can be read in any order and by any process."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.datasets.formats.files import file_state
from engine.errors import BadInput
from engine.paths import data_dir

SUFFIXES = frozenset((
    ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".mjpg", ".mjpeg", ".wmv", ".flv", ".ogv",
    ".3gp", ".ts", ".mts", ".m2ts",
))  # fmt: skip
_LISTING = "frames.json"
_QUALITY = 95
_MOST_READ = 10_000_000


def is_video(path: Path) -> bool:
    """Whether the name ends like that of a video."""
    return path.suffix.lower() in SUFFIXES


def frames_of(video: Path, every: int, most: int, say: Callable[[int], None]) -> tuple[Path, list[str], str]:
    """Keep every `every`-th frame of a video as a JPEG, at most `most` of them, in a folder of the program's own.

    What was kept before is taken as it is, as long as the video has not changed.

    Args:
        say: told how many frames were kept so far; may raise `JobCancelled`.

    Returns:
        The folder, the frames' names in it, and a sentence if the video gave fewer frames than it promises.

    Raises:
        BadInput: it cannot be opened, or no frame can be decoded.
    """
    key = f"{video.absolute()} {file_state(video)} {every} {most}"
    home = data_dir() / "datasets" / "frames"
    folder = home / hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    kept = _kept(folder)
    if kept is not None:
        return folder, kept[0], kept[1]
    home.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix="making-", dir=home))
    try:
        names, note = _decode(video, making, every, most, say)
        (making / _LISTING).write_text(json.dumps([names, note]), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder, names, note


def _kept(folder: Path) -> tuple[list[str], str] | None:
    try:
        names, note = json.loads((folder / _LISTING).read_text(encoding="utf-8"))
        whole = all((folder / name).is_file() for name in names)
    except (OSError, ValueError, TypeError):
        return None
    return (names, note) if whole else None


def _decode(video: Path, folder: Path, every: int, most: int, say: Callable[[int], None]) -> tuple[list[str], str]:
    from engine.opencv import cv2

    if not video.is_file():
        raise BadInput(f"{video.name} is not a file.", "Choose a video file.")
    ffmpeg = cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG)
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY)
    names: list[str] = []
    count = 0
    try:
        if not capture.isOpened():
            raise BadInput(f"{video.name} could not be opened as a video.", "Convert it to MP4 or AVI.")
        promised = int(min(max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0), _MOST_READ))
        while len(names) < most and count < _MOST_READ and capture.grab():
            if count % every == 0:
                say(len(names))
                ok, image = capture.retrieve()
                if not ok:
                    break
                ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
                if not ok:
                    break
                names.append(f"{count:07d}.jpg")
                # Python writes to any name; OpenCV on Windows would not.
                (folder / names[-1]).write_bytes(data.tobytes())
            count += 1
    finally:
        capture.release()
    if not names:
        raise BadInput(f"{video.name} holds no picture that could be decoded.", "Convert it to MP4 or AVI.")
    short = len(names) < most and count < promised
    return names, f"Only {count:,} of its {promised:,} frames can be read; those were taken." if short else ""
