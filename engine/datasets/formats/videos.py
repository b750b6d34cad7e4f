"""Frames of videos as picture files, so that they can be read in any order and by any process."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from engine.datasets.formats.kept_frames import LISTING, MAKING, User, kept, place_of, use
from engine.errors import BadInput

SUFFIXES = frozenset((
    ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".mjpg", ".mjpeg", ".wmv", ".flv", ".ogv",
    ".3gp", ".ts", ".mts", ".m2ts",
))  # fmt: skip
_QUALITY = 95
_MOST_READ = 10_000_000


def is_video(path: Path) -> bool:
    """Whether the name ends like that of a video."""
    return path.suffix.lower() in SUFFIXES


def frames_of(
    video: Path, every: int, most: int, say: Callable[[int], None], user: User | None = None
) -> tuple[Path, list[str], str]:
    """Keep every `every`-th frame of a video as a JPEG, at most `most` of them, in a folder of the program's own.

    What was kept before of a video with the same content is taken as it is.

    Args:
        say: told how many frames were kept so far; may raise `JobCancelled`.
        user: who asks; frames that a project uses are not removed (see `kept_frames.make_room`).

    Returns:
        The folder, the frames' names in it, and a sentence if the video gave fewer frames than it promises.

    Raises:
        BadInput: it cannot be opened, no frame can be decoded, or there is no room to keep them.
    """
    if not video.is_file():
        raise BadInput(f"{video.name} is not a file.", "Choose a video file.")
    folder = place_of(video, every, most, say)
    found = kept(folder) or _taken(video, folder, every, most, say)
    use(folder, user)
    return folder, *found


def _taken(video: Path, folder: Path, every: int, most: int, say: Callable[[int], None]) -> tuple[list[str], str]:
    """Take the frames out of a video into `folder`, which then is there whole or not at all."""
    making = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=MAKING, dir=folder.parent))
        names, note = _decode(video, making, every, most, say)
        (making / LISTING).write_text(json.dumps([names, note]), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        try:
            os.replace(making, folder)
        except OSError:
            found = kept(folder)  # somebody else has just made the same
            if found is None:
                raise
            return found
    except OSError as error:
        raise BadInput(
            f"The frames of {video.name} could not be kept in {folder.parent}: {error.strerror or error}.",
            "Make room on that disk, or take fewer frames on the Data page.",
        ) from None
    finally:
        if making is not None:
            shutil.rmtree(making, ignore_errors=True)
    return names, note


def _decode(video: Path, folder: Path, every: int, most: int, say: Callable[[int], None]) -> tuple[list[str], str]:
    from engine.opencv import cv2

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
