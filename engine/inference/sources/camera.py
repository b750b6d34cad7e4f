"""Cameras, by name or number."""

from __future__ import annotations

import re
import sys
import time
from typing import Any

from engine.errors import BadInput, JobFailed
from engine.inference.cameras import CameraName, backend_of_this_system, list_cameras
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind

PREFIX = "camera:"
# Reads that may fail in a row before the camera counts as gone; one now and then fails on a loose cable.
_FAILURES = 5


class CameraSource(Source):
    """A camera through the system's own back end; by name, so that it is found again at another number.

    Args:
        which: number or name, such as "0" or "HD Webcam".
        size: width and height to ask for; the camera gives the nearest that it has.
    """

    live = True
    patience = 3.0
    open_patience = 15.0  # Media Foundation takes its time

    def __init__(self, which: str, size: tuple[int, int] = (640, 480)) -> None:
        super().__init__(f"Camera {which}" if which.isdecimal() else which)
        self._which = which
        self._size = size
        self._capture: Any = None
        self._index = 0
        self._began = 0.0

    def open(self) -> None:
        camera = self._found()
        if camera is not None and not self._which.isdecimal():
            number = camera.index
        elif self._which.isdecimal():
            number = int(self._which)
            self.name = camera.name if camera is not None else self.name
        else:
            raise self._missing()
        self._capture = self._opened(number)
        if self._capture is None:
            raise self._missing() if camera is None else self._busy()
        self._began = time.perf_counter()
        promised = float(self._capture.get(_cv2().CAP_PROP_FPS))
        self.fps = promised if 1 <= promised <= 1000 else None
        # A camera that another program holds may open and then give nothing.
        for _ in range(_FAILURES):
            if self.interrupted or self._capture.read()[0]:
                return
        self.close()
        raise self._busy()

    def _found(self) -> CameraName | None:
        wanted = self._which
        for camera in list_cameras():
            if wanted == (str(camera.index) if wanted.isdecimal() else camera.name):
                return camera
        return None

    def _opened(self, number: int) -> Any:
        cv2 = _cv2()
        backends = [backend_of_this_system()]
        if sys.platform == "win32":
            backends.append(cv2.CAP_DSHOW)
        for backend in backends:
            capture = cv2.VideoCapture(number, backend)
            if capture.isOpened():
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
                # Old pictures waiting in the driver would make what one sees late.
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
                return capture
            capture.release()
        return None

    def read(self) -> Frame | None:
        for _ in range(_FAILURES):
            if self.interrupted or self._capture is None:
                return None
            ok, image = self._capture.read()
            if ok and image is not None and image.size:
                now = time.perf_counter()
                frame = Frame(image, self._index, (now - self._began) * 1000, now, self.name)
                self._index += 1
                return frame
            self._wait(0.05)
        raise JobFailed(
            f"{self.name} gives no more pictures.",
            "Plug it in again, or check whether another program has taken it.",
        )

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _missing(self) -> BadInput:
        there = ", ".join(camera.name for camera in list_cameras())
        return BadInput(
            f"{self.name} is not there." if self._which.isdecimal() else f"The camera {self.name} is not there.",
            f"Plug it in, or choose one of these: {there}." if there else "Plug a camera in and try again.",
        )

    def _busy(self) -> BadInput:
        if sys.platform == "darwin":
            advice = "Allow camera access in System Settings, Privacy, Camera, and close other programs that use it."
        elif sys.platform == "win32":
            advice = "Close other programs that use it, and allow desktop apps to use the camera in Settings, Privacy."
        else:
            advice = "Close other programs that use it, and check that you may read /dev/video*."
        return BadInput(f"{self.name} is there but gives no picture.", advice)


def _cv2() -> Any:
    from engine.opencv import cv2

    return cv2


SOURCES.add(
    "camera",
    SourceKind(
        "Camera",
        lambda text: re.match(r"camera:.+", text) is not None,
        lambda text, live, loop: CameraSource(text.removeprefix(PREFIX).strip()),
        "camera:N",
    ),
)
