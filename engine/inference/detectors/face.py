"""Faces seen from the front, by OpenCV's Haar cascade."""

from __future__ import annotations

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import DETECTORS, DetectorKind, Predictor


class FaceDetector(Predictor):
    """Frontal faces of at least 24×24 pixels."""

    def __init__(self) -> None:
        from engine.inference.cascade import Cascade

        super().__init__("Faces", ("face",))
        self._cascade = Cascade("haarcascade_frontalface_default.xml")

    def predict(self, frame: Frame) -> Detections:
        from engine.opencv import cv2

        with self._stage("prepare"):
            grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)  # (H, W)
        with self._stage("model"):
            boxes, scores = self._cascade.find(grey)
        return Detections(boxes, scores, np.zeros(len(boxes), np.int64), self.classes)


DETECTORS.add(
    "opencv:face",
    DetectorKind("Faces", "Finds faces that look into the camera (Viola and Jones' cascade, 2001).", FaceDetector),
)
