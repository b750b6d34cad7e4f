"""Some frames of a video as one sample. Never imports torch; OpenCV decodes."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.datasets.formats.files import file_state
from engine.datasets.formats.kept_frames import RECENT
from engine.datasets.preprocess import resize
from engine.errors import BadInput
from engine.paths import data_dir

_OWN = re.compile(r"[0-9a-f]{32}\.npy")
MOST_FRAMES = 1_000_000
LIMIT = 2 * 2**30
"""Bytes that all clips that are kept may take together."""
_TOLD_EVERY = 200


@dataclass(frozen=True)
class Cut:
    """Which frames of a video make a clip, and how large they become.

    Attributes:
        frames: T, how many.
        span: "whole" spaces them evenly over the video; "middle" takes them from its middle.
        every: in the middle, how many frames apart they are.
        size: height and width, to which frames are stretched.
        channels: 1 for grey, 3 for colour.
    """

    frames: int
    span: Literal["whole", "middle"]
    every: int
    size: int
    channels: int

    def places(self, count: int) -> list[int]:
        """The numbers of the frames taken from a video of `count`, which is enough of them."""
        if self.span == "whole":
            return np.linspace(0, count - 1, self.frames).round().astype(int).tolist()
        first = (count - self.needed) // 2
        return list(range(first, first + self.needed, self.every))

    @property
    def needed(self) -> int:
        """Frames that a video must have at least."""
        return self.frames if self.span == "whole" else (self.frames - 1) * self.every + 1

    def frame(self, image: np.ndarray) -> np.ndarray:
        """A frame, uint8 (h, w, 3) in BGR, as the network sees it: (C, H, W) in RGB or grey."""
        from engine.opencv import cv2

        if self.channels == 1:
            return resize(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)), self.size, self.size)[None]
        colour = resize(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)), self.size, self.size)
        return np.ascontiguousarray(colour.transpose(2, 0, 1))


def clip_of(video: Path, cut: Cut, say: Callable[[int], None]) -> np.ndarray:
    """The clip of a video, uint8 (T, C, H, W); what was made of it before is taken as it is while the file is the same.

    Args:
        say: told now and then how many frames were read; may raise `JobCancelled`.

    Raises:
        BadInput: it cannot be opened, or has fewer frames than are needed.
    """
    key = f"{video.absolute()} {file_state(video)} {cut}"
    code = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    kept = _home() / f"{code}.npy"
    shape = (cut.frames, cut.channels, cut.size, cut.size)
    say(0)
    with suppress(OSError, ValueError, EOFError):  # nothing was kept, or it is damaged and made again
        clip = np.load(kept, allow_pickle=False)
        if clip.shape == shape and clip.dtype == np.uint8:
            os.utime(kept)  # those that were asked for longest ago go first
            return np.asarray(clip)
    clip = _read(video, cut, say)
    _keep(kept, clip)
    return clip


def make_room(limit: int = LIMIT, leftover: float = RECENT) -> int:
    """Remove the clips that were asked for longest ago until all take at most `limit` bytes; the bytes that went.

    Nothing of a person's own goes with them: they are cut again where they are wanted.

    Args:
        leftover: seconds after which a file that was never finished is nobody's any more.
    """
    found: list[tuple[float, int, Path]] = []
    gone = 0
    with suppress(OSError), os.scandir(_home()) as entries:
        for entry in entries:
            with suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                if _OWN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((info.st_mtime, info.st_size, Path(entry.path)))
                elif entry.name.endswith(".part") and info.st_mtime < time.time() - leftover:
                    os.unlink(entry.path)
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total - gone <= limit:
            break
        with suppress(OSError):
            path.unlink()
            gone += size
    return gone


def _home() -> Path:
    return data_dir() / "datasets" / "clips"


def _read(video: Path, cut: Cut, say: Callable[[int], None]) -> np.ndarray:
    """Two passes: what a file says of its length is often wrong, and all its frames may not fit into memory."""
    with _opened(video) as capture:
        count = 0
        while count < MOST_FRAMES and capture.grab():
            count += 1
            if count % _TOLD_EVERY == 0:
                say(count)
    if not count:
        raise BadInput(f"{video.name} holds no picture that could be decoded.", "Convert it to MP4 or AVI.")
    if count < cut.needed:
        held = f"{count:,} frame{'' if count == 1 else 's'}"
        raise BadInput(
            f"{video.name} has {held}, and a clip needs {cut.needed:,}.", "Take fewer frames, or leave the video out."
        )
    wanted = cut.places(count)
    clip = np.zeros((cut.frames, cut.channels, cut.size, cut.size), np.uint8)
    with _opened(video) as capture:
        place = -1
        for number, at in enumerate(wanted):
            while place < at and capture.grab():
                place += 1
                if place % _TOLD_EVERY == 0:
                    say(count + place)
            ok, image = capture.retrieve()
            if place < at or not ok:
                raise BadInput(f"Frame {at:,} of {video.name} could not be decoded.", "Convert it to MP4 or AVI.")
            clip[number] = cut.frame(image)
    return clip


@contextmanager
def _opened(video: Path) -> Iterator[Any]:
    from engine.opencv import cv2

    if not video.is_file():
        raise BadInput(f"{video.name} is not a file.", "Choose a video file.")
    # Other back ends write to stderr by themselves, so they are asked only where FFmpeg is not built in.
    ffmpeg = cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG)
    capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY)
    try:
        if not capture.isOpened():
            raise BadInput(f"{video.name} could not be opened as a video.", "Convert it to MP4 or AVI.")
        yield capture
    finally:
        capture.release()


def _keep(path: Path, clip: np.ndarray) -> None:
    """Write it whole or not at all; a full disk only means that it is read again next time."""
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            temporary = Path(file.name)
            np.save(file, clip, allow_pickle=False)
        os.replace(temporary, path)
    except OSError:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
