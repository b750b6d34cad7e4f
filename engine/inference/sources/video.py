"""Frames of a video file, looped or once, at the pace of a watching person or as fast as they are asked for."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from engine.datasets.pictures import is_picture
from engine.errors import BadInput
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind

SUFFIXES = frozenset(
    (
        ".avi",
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".mpg",
        ".mpeg",
        ".mjpg",
        ".mjpeg",
        ".wmv",
        ".flv",
        ".ogv",
        ".3gp",
        ".ts",
        ".gif",
        ".mts",
        ".m2ts",
    )
)
_DEFAULT_FPS = 25.0


class VideoSource(Source):
    """A video file.

    Args:
        path: the file.
        realtime: keep the video's own pace, leaving frames out when the reader is late.
        loop: begin again at the end.
    """

    # A file may hold a long still, and lie on a slow drive.
    patience = 20.0
    open_patience = 20.0

    def __init__(self, path: Path, *, realtime: bool = False, loop: bool = False) -> None:
        super().__init__(path.name)
        self.path = path
        self.paced = realtime
        self._loop = loop
        self._capture: Any = None
        self._index = 0
        self._in_round = 0
        self._round_start_ms = 0.0
        self._last_ms = 0.0
        self._began = 0.0

    def open(self) -> None:
        if not self.path.exists():
            raise BadInput(f"{self.path} does not exist.", "Check the name, or choose another video.")
        if not self.path.is_file():
            # Opening a pipe or a device would block until somebody writes to it.
            raise BadInput(f"{self.path} is not a regular file.", "Choose a video file.")
        self._capture = self._opened()
        promised = float(self._capture.get(_cv2().CAP_PROP_FPS))
        self.fps = promised if math.isfinite(promised) and 0 < promised <= 1000 else _DEFAULT_FPS
        self._began = time.perf_counter()

    def _opened(self) -> Any:
        cv2 = _cv2()
        # Other back ends write to stderr by themselves, so they are asked only where FFmpeg is not built in.
        ffmpeg = cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG)
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY)
        if not capture.isOpened():
            raise BadInput(
                f"{self.path.name} could not be opened as a video.",
                "Convert it to MP4 or AVI, or check that the file is whole.",
            )
        return capture

    def read(self) -> Frame | None:
        if self._capture is None or self.interrupted:
            return None
        image = self._next_image()
        if image is None:
            return None
        time_ms = self._time_ms()
        if self.paced:
            self._wait(self._began + time_ms / 1000 - time.perf_counter())
        frame = Frame(image, self._index, time_ms, time.perf_counter(), self.name, video=self.path)
        self._index += 1
        self._in_round += 1
        return frame

    def _next_image(self) -> Any:
        self._catch_up()
        ok, image = self._capture.read()
        if ok:
            return image
        if not self._in_round and not self._index:
            raise BadInput(
                f"{self.name} holds no picture that could be decoded.",
                "Convert it to MP4 or AVI, or check that the file is whole.",
            )
        if not self._loop or not self._in_round:
            return None
        # Reopening starts at the very first frame, which seeking does not promise for every format.
        self._capture.release()
        self._capture = self._opened()
        self._round_start_ms = self._last_ms + 1000 / (self.fps or _DEFAULT_FPS)
        self._in_round = 0
        ok, image = self._capture.read()
        return image if ok else None

    def _catch_up(self) -> None:
        """Skip frames whose time has passed, so that a slow reader sees the present."""
        interval = 1 / (self.fps or _DEFAULT_FPS)
        while self.paced and not self.interrupted:
            late = time.perf_counter() - (self._began + self._last_ms / 1000 + interval)
            if not self._index or late < interval or not self._capture.grab():
                return
            self._time_ms()
            self._index += 1
            self._in_round += 1

    def _time_ms(self) -> float:
        """Time of the frame just read on a clock that goes on over the rounds of a loop."""
        position = float(self._capture.get(_cv2().CAP_PROP_POS_MSEC))
        by_count = self._in_round * 1000 / (self.fps or _DEFAULT_FPS)
        inside = position if math.isfinite(position) and (position > 0 or not self._in_round) else by_count
        self._last_ms = max(self._last_ms, self._round_start_ms + max(inside, 0.0))
        return self._last_ms

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _cv2() -> Any:
    from engine.opencv import cv2

    return cv2


def _accepts(text: str) -> bool:
    path = Path(text)
    suffix = path.suffix.lower()
    # A file of any other name may be a video too, when it is no picture; opening it tells.
    return "://" not in text and (suffix in SUFFIXES or (path.is_file() and not is_picture(path)))


SOURCES.add(
    "video",
    SourceKind(
        "Video file",
        _accepts,
        lambda text, live, loop: VideoSource(Path(text), realtime=live, loop=loop),
        "FILE",
    ),
)
