"""What moves in front of a still camera, by background subtraction (Zivkovic's mixture of Gaussians, ICPR 2004)."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import DETECTORS, DetectorKind, Predictor

_HISTORY = 200
_SETTLING = 5
# Share of the picture that a moving patch must cover; smaller ones are noise.
_SMALLEST = 0.0008


class MotionDetector(Predictor):
    """Moving regions; the first frames only teach the background. The score is the share of its box that one fills."""

    def __init__(self) -> None:
        super().__init__("Motion", ("motion",))
        self._model: Any = None
        self._seen = 0
        self._size = (0, 0)

    def reset(self) -> None:
        self._model = None
        self._seen = 0

    def predict(self, frame: Frame) -> Detections:
        from engine.opencv import cv2

        if self._model is None or self._size != (frame.width, frame.height):
            self._model = cv2.createBackgroundSubtractorMOG2(_HISTORY, 25, detectShadows=True)
            self._size = (frame.width, frame.height)
            self._seen = 0
        with self._stage("prepare"):
            smooth = cv2.GaussianBlur(frame.image, (5, 5), 0)
        with self._stage("model"):
            marked = self._model.apply(smooth)  # (H, W): 255 moves, 127 is a shadow
            self._seen += 1
        if self._seen <= _SETTLING:
            return Detections(classes=self.classes)
        with self._stage("decode"):
            return self._boxes(marked)

    def _boxes(self, marked: np.ndarray) -> Detections:
        from engine.opencv import cv2

        moving = (marked == 255).astype(np.uint8)
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        # Parts of one object lie close together: join what a fortieth of the picture would bridge.
        reach = max(3, min(marked.shape) // 40) | 1
        whole = cv2.morphologyEx(moving, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
        count, _, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
        boxes: list[tuple[int, int, int, int]] = []
        scores: list[float] = []
        for x, y, w, h, area in sorted(stats[1:count].tolist(), key=lambda row: -row[2] * row[3]):
            inside = any(x >= a and y >= b and x + w <= c and y + h <= d for a, b, c, d in boxes)
            if area >= _SMALLEST * marked.size and not inside:
                boxes.append((x, y, x + w, y + h))
                scores.append(area / (w * h))
        if not boxes:
            return Detections(classes=self.classes)
        return Detections(
            np.array(boxes, np.float32),
            np.array(scores, np.float32),
            np.zeros(len(boxes), np.int64),
            self.classes,
        )


DETECTORS.add(
    "opencv:motion",
    DetectorKind(
        "Motion",
        "Marks what moves in front of a still camera (mixture of Gaussians for the background, 2004).",
        MotionDetector,
    ),
)
