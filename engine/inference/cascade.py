"""Viola and Jones' cascade of boosted Haar features, as OpenCV ships it ("Rapid object detection", CVPR 2001)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import JobFailed
from engine.opencv import cv2

SCALE_FACTOR = 1.1
MIN_NEIGHBOURS = 5


class Cascade:
    """One cascade file. Finds exactly what `cv2.CascadeClassifier(file).detectMultiScale(grey, 1.1, 5)` finds."""

    def __init__(self, file: str) -> None:
        path = Path(cv2.data.haarcascades) / file
        self._classifier = cv2.CascadeClassifier()
        try:
            # Read through Python: OpenCV cannot open a path with non-ASCII letters on Windows.
            storage = cv2.FileStorage(path.read_text("utf-8"), cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
            loaded = self._classifier.read(storage.getFirstTopLevelNode())
            storage.release()
        except (OSError, cv2.error) as error:
            raise JobFailed(
                f"OpenCV's file {file} could not be read.", "Reinstall opencv-python.", details=str(error)
            ) from error
        if not loaded or self._classifier.empty():
            raise JobFailed(f"OpenCV's file {file} could not be understood.", "Reinstall opencv-python.")

    def find(self, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (N, 4) float32 x1 y1 x2 y2 and scores (N,) for a grey picture (H, W).

        A cascade gives no probability, only how many neighbouring windows agreed, n. The score is
        1 − 0.5^(n/5): the five that OpenCV asks for at least give 0.5, and each five more halve the doubt.
        """
        boxes, counts = self._classifier.detectMultiScale2(grey, SCALE_FACTOR, MIN_NEIGHBOURS)
        if not len(boxes):
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        corners = np.asarray(boxes, np.float32).reshape(-1, 4)
        corners[:, 2:] += corners[:, :2]
        agreed = np.asarray(counts, np.float32).reshape(-1)
        return corners, (1 - 0.5 ** (agreed / MIN_NEIGHBOURS)).astype(np.float32)
