"""Eyes, looked for inside the faces that were found, by OpenCV's Haar cascades."""

from __future__ import annotations

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import DETECTORS, DetectorKind, Predictor

# Eyes lie in the upper part of a face; below it the cascade takes nostrils and mouths for eyes.
_UPPER = 0.6


class EyeDetector(Predictor):
    """Open eyes inside frontal faces."""

    def __init__(self) -> None:
        from engine.inference.cascade import Cascade

        super().__init__("Eyes", ("eye",))
        self._faces = Cascade("haarcascade_frontalface_default.xml")
        self._eyes = Cascade("haarcascade_eye.xml")

    def predict(self, frame: Frame) -> Detections:
        from engine.opencv import cv2

        with self._stage("prepare"):
            grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)  # (H, W)
        with self._stage("model"):
            found = [self._inside(grey, face) for face in self._faces.find(grey)[0]]
        if not found:
            return Detections(classes=self.classes)
        boxes = np.concatenate([boxes for boxes, _ in found])
        scores = np.concatenate([scores for _, scores in found])
        return Detections(boxes, scores, np.zeros(len(boxes), np.int64), self.classes)

    def _inside(self, grey: np.ndarray, face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x1, y1, x2, y2 = (int(value) for value in face)
        upper = grey[y1 : y1 + int((y2 - y1) * _UPPER), x1:x2]
        boxes, scores = self._eyes.find(upper)
        return boxes + np.array([x1, y1, x1, y1], np.float32), scores


DETECTORS.add(
    "opencv:eyes",
    DetectorKind("Eyes", "Finds faces first, then open eyes in the upper part of each (Haar cascades).", EyeDetector),
)
