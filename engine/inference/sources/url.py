"""A network camera or stream, given by its address. Nothing is contacted unless the user gives one."""

from __future__ import annotations

import re
import time
from typing import Any

from engine.errors import BadInput, JobFailed
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind

SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp", "srt")
_OPEN_MS = 5000
_READ_MS = 3000


class UrlSource(Source):
    """A stream through FFmpeg, with limits on how long connecting and reading may take."""

    live = True
    patience = _READ_MS / 1000 + 2
    open_patience = _OPEN_MS / 1000 + 5

    def __init__(self, url: str) -> None:
        super().__init__(_without_password(url))
        self._url = url
        self._capture: Any = None
        self._index = 0
        self._began = 0.0

    def open(self) -> None:
        from engine.opencv import cv2

        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
        capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            capture.release()
            raise BadInput(
                f"{self.name} could not be opened within {_OPEN_MS // 1000} s.",
                "Check the address, the user name and password, and that this computer reaches the camera.",
            )
        self._capture = capture
        promised = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = promised if 1 <= promised <= 240 else None
        self._began = time.perf_counter()

    def read(self) -> Frame | None:
        if self._capture is None or self.interrupted:
            return None
        ok, image = self._capture.read()
        if not ok:
            raise JobFailed(f"{self.name} has stopped sending.", "Check the camera and the network.")
        now = time.perf_counter()
        frame = Frame(image, self._index, (now - self._began) * 1000, now, self.name)
        self._index += 1
        return frame

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", url)


SOURCES.add(
    "url",
    SourceKind(
        "Stream",
        lambda text: text.partition("://")[0].lower() in SCHEMES and "://" in text,
        lambda text, live, loop: UrlSource(text),
        "URL",
    ),
)
