"""Videos made for a test from scikit-image's own sample photographs, with movement that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage.data

from engine.opencv import cv2

STEP = 5  # pixels that the photograph moves to the right from frame to frame


def astronaut(width: int = 320, height: int = 240) -> np.ndarray:
    """The astronaut's head and shoulders with room around them, (height, width, 3) BGR; one face of 77 pixels."""
    photograph = skimage.data.astronaut()[:300, 60:400, ::-1]
    return np.ascontiguousarray(cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA))


def write_video(path: Path, frames: list[np.ndarray], fps: float = 25.0) -> Path:
    """Write BGR frames as Motion JPEG."""
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def moving_face(count: int = 12) -> list[np.ndarray]:
    """A face that moves `STEP` pixels to the right per frame, over a still photograph without faces."""
    scene = cv2.resize(np.ascontiguousarray(skimage.data.coffee()[:, :, ::-1]), (480, 320))
    head = cv2.resize(np.ascontiguousarray(skimage.data.astronaut()[20:220, 120:320, ::-1]), (200, 200))
    frames = []
    for number in range(count):
        frame = scene.copy()
        frame[60:260, 40 + STEP * number : 240 + STEP * number] = head
        frames.append(frame)
    return frames


def moving_astronaut(count: int = 12) -> list[np.ndarray]:
    """The whole astronaut, moved like `moving_face`: one face, and things that only a careless detector calls faces."""
    scene = cv2.resize(np.ascontiguousarray(skimage.data.coffee()[:, :, ::-1]), (640, 480))
    whole = cv2.resize(np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1]), (400, 400))
    frames = []
    for number in range(count):
        frame = scene.copy()
        frame[40:440, 20 + STEP * number : 420 + STEP * number] = whole
        frames.append(frame)
    return frames


def decoded(path: Path) -> list[np.ndarray]:
    """The frames as OpenCV itself decodes them."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        ok, frame = capture.read()
        if not ok:
            capture.release()
            return frames
        frames.append(frame)
