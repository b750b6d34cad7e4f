"""Standing people, by histograms of oriented gradients and a linear SVM (Dalal and Triggs, CVPR 2005)."""

from __future__ import annotations

import numpy as np

from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.predictor import DETECTORS, DetectorKind, Predictor


class PeopleDetector(Predictor):
    """Upright people of at least 64×128 pixels. The score is the logistic function of the SVM's distance."""

    def __init__(self) -> None:
        from engine.opencv import cv2

        super().__init__("People", ("person",))
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())

    def predict(self, frame: Frame) -> Detections:
        self.stages["prepare"] = 0.0
        with self._stage("model"):
            if frame.width < 64 or frame.height < 128:
                return Detections(classes=self.classes)
            found, weights = self._hog.detectMultiScale(frame.image, winStride=(8, 8), padding=(8, 8), scale=1.05)
        if not len(found):
            return Detections(classes=self.classes)
        boxes = np.asarray(found, np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        # The padding lets windows reach over the edge of the picture.
        limits = np.array([frame.width, frame.height, frame.width, frame.height], np.float32)
        boxes = np.clip(boxes, 0, limits).astype(np.float32)
        distances = np.asarray(weights, np.float64).reshape(-1)
        scores = (1 / (1 + np.exp(-distances))).astype(np.float32)
        return Detections(boxes, scores, np.zeros(len(boxes), np.int64), self.classes)


DETECTORS.add(
    "opencv:people",
    DetectorKind(
        "People",
        "Finds standing people at least 128 pixels tall (Dalal and Triggs' HOG and SVM, 2005).",
        PeopleDetector,
    ),
)
