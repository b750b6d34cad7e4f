"""Writing pictures and videos to disk so that a file is there whole or not at all."""

from __future__ import annotations

import contextlib
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import BadInput, JobFailed
from engine.project.atomic import move_into_place, write_atomic

# H.264 is not in OpenCV's wheel; these are.
_CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".webm": "VP90", ".mkv": "mp4v"}
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
# A picture that stays longer than this in the source (a paused camera) is not repeated for ever.
_LONGEST_GAP_S = 5.0


def is_video(path: Path) -> bool:
    return path.suffix.lower() in _CODECS


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in _PICTURES


def save_picture(path: Path, image: np.ndarray) -> None:
    """Write a BGR picture (H, W, 3) in the format of the suffix. Raises `BadInput` for an unknown one."""
    from engine.opencv import cv2

    if not is_picture(path):
        raise BadInput(f"{path.name} does not end like a picture.", f"End the name with {', '.join(_PICTURES)}.")
    done, data = cv2.imencode(path.suffix.lower(), image)
    if not done:
        raise JobFailed(f"The picture could not be encoded as {path.suffix}.", "Choose a name that ends with .png.")
    write_atomic(path, data.tobytes())


class Recorder:
    """A video file of constant frame rate and size made of pictures that come when they come.

    Pictures carry their time; one is repeated while no newer has come and left out when two fall into one slot, so that
    the film lasts as long as what it shows. Pictures of another size are fitted in with black borders. The file
    appears at `finish`; until then it is written beside its place under a temporary name.

    Args:
        path: .mp4, .avi, .webm or .mkv.
        fps: of the file.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if not is_video(path):
            raise BadInput(f"{path.name} does not end like a video.", f"End the name with {', '.join(_CODECS)}.")
        if not path.parent.is_dir():
            raise BadInput(f"The folder {path.parent} does not exist.", "Choose a folder that exists.")
        self.path = path
        self.fps = fps if 1 <= fps <= 240 else 25.0
        self.frames = 0
        self._temporary = path.with_name(f".{path.stem[:40]}.{uuid.uuid4().hex}{path.suffix}")
        self._writer: Any = None
        self._size = (0, 0)
        self._first_ms = 0.0
        self._last: np.ndarray | None = None

    def add(self, image: np.ndarray, time_ms: float) -> None:
        """Add a BGR picture (H, W, 3) that shows the moment `time_ms`."""
        if self._writer is None:
            self._open(image, time_ms)
        slot = round((time_ms - self._first_ms) / 1000 * self.fps)
        most = self.frames + int(_LONGEST_GAP_S * self.fps)
        if slot > most:
            self._first_ms += (slot - most) * 1000 / self.fps
            slot = most
        while self._last is not None and self.frames < slot:
            self._write(self._last)
        fitted = _fitted(image, self._size)
        if slot >= self.frames:
            self._write(fitted)
        self._last = fitted

    def _open(self, image: np.ndarray, time_ms: float) -> None:
        from engine.opencv import cv2

        # Codecs of this family want even sides.
        self._size = (image.shape[1] + image.shape[1] % 2, image.shape[0] + image.shape[0] % 2)
        self._first_ms = time_ms
        code = cv2.VideoWriter_fourcc(*_CODECS[self.path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self._temporary), code, self.fps, self._size)
        if not self._writer.isOpened():
            self._writer = None
            raise JobFailed(
                f"The video {self.path.name} could not be started.",
                "Choose a name that ends with .avi, and a folder that you may write to.",
            )

    def _write(self, image: np.ndarray) -> None:
        self._writer.write(image)
        self.frames += 1

    def finish(self) -> None:
        """Close the file and put it in its place; without a single picture nothing is left behind."""
        if self._writer is None:
            return
        self._writer.release()
        self._writer = None
        if not self._temporary.is_file() or not self._temporary.stat().st_size:
            self.abandon()
            raise JobFailed(
                f"The video {self.path.name} could not be written.",
                "Check that the disk is not full, and record again.",
            )
        move_into_place(self._temporary, self.path)

    def abandon(self) -> None:
        """Throw away what was recorded."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)


def _fitted(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) scaled to fit and centred on black of `size` (width, height)."""
    from engine.opencv import cv2

    width, height = size
    if image.shape[:2] == (height, width):
        return image
    scale = min(width / image.shape[1], height / image.shape[0])
    if not 0.9 <= scale <= 1.1 or image.shape[1] > width or image.shape[0] > height:
        new = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas
