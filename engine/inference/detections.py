"""What a predictor found: the only currency between predictors, drawing and files. Never imports torch or cv2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


def _no_boxes() -> np.ndarray:
    return np.zeros((0, 4), np.float32)


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes in one frame, checked when made.

    Attributes:
        boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of the original frame.
        scores: (N,) float32 from 0 to 1.
        class_ids: (N,) int64, indices into `classes`.
        classes: names of all classes that the predictor knows.
        masks: (N, H, W) bool or None.
        keypoints: (N, K, 3) float32 of x, y and score, or None.
        track_ids: (N,) int64 that stay with an object from frame to frame, or None.
    """

    boxes: np.ndarray = field(default_factory=_no_boxes)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    class_ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes: tuple[str, ...] = ()
    masks: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    track_ids: np.ndarray | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes)
        shapes = {
            "boxes": (self.boxes, (count, 4)),
            "scores": (self.scores, (count,)),
            "class_ids": (self.class_ids, (count,)),
            "track_ids": (self.track_ids, (count,)),
        }
        for name, (array, shape) in shapes.items():
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} of {count} detections has shape {array.shape}, not {shape}")
        for name, more in (("masks", self.masks), ("keypoints", self.keypoints)):
            if more is not None and (more.ndim != 3 or len(more) != count):
                raise ValueError(f"{name} of {count} detections has shape {more.shape}")
        self._check_values()

    def _check_values(self) -> None:
        if not len(self.boxes):
            return
        if not np.isfinite(self.boxes).all() or not np.isfinite(self.scores).all():
            raise ValueError("boxes and scores must be finite")
        if (self.boxes[:, 2:] < self.boxes[:, :2]).any():
            raise ValueError("a box is x1 y1 x2 y2 with x1 <= x2 and y1 <= y2")
        if self.scores.min() < 0 or self.scores.max() > 1:
            raise ValueError("scores lie between 0 and 1")
        if self.class_ids.min() < 0 or self.class_ids.max() >= len(self.classes):
            raise ValueError(f"class ids lie between 0 and {len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.boxes)

    def label(self, i: int) -> str:
        return self.classes[int(self.class_ids[i])]

    def above(self, threshold: float) -> Detections:
        """Only those with at least this score."""
        keep = self.scores >= threshold
        return Detections(
            self.boxes[keep],
            self.scores[keep],
            self.class_ids[keep],
            self.classes,
            None if self.masks is None else self.masks[keep],
            None if self.keypoints is None else self.keypoints[keep],
            None if self.track_ids is None else self.track_ids[keep],
        )

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"detections": [{"box", "label", "score", "track"}]}`."""
        return {
            "detections": [
                {
                    "box": [round(float(value), 2) for value in self.boxes[i]],
                    "label": self.label(i),
                    "score": round(float(self.scores[i]), 4),
                    "track": None if self.track_ids is None else int(self.track_ids[i]),
                }
                for i in range(len(self))
            ]
        }


@dataclass(frozen=True, eq=False)
class Classification:
    """One label for the whole frame.

    Attributes:
        classes: names of the classes.
        probabilities: (classes,) float32 that sum to 1.
        seen: (C, H, W) uint8, the picture as the network saw it before scaling to its mean and deviation, or None.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    seen: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.classes),) or not self.classes:
            raise ValueError(f"{len(self.classes)} classes have probabilities of shape {self.probabilities.shape}")
        if not np.isfinite(self.probabilities).all() or abs(float(self.probabilities.sum()) - 1) > 1e-3:
            raise ValueError("probabilities must be finite and sum to 1")

    @property
    def best(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def label(self) -> str:
        return self.classes[self.best]

    @property
    def score(self) -> float:
        return float(self.probabilities[self.best])

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"label", "score"}`."""
        return {"label": self.label, "score": round(self.score, 4)}


Outcome = Detections | Classification
