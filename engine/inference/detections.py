"""What a predictor found: the only currency between predictors, drawing and files. Never imports torch or cv2.

Boxes and labels are here; what has a value for every place of the picture is in `engine.inference.maps`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.inference.maps import ClassMap, EdgeMap, NormalMap, Restored

MASK_EDGE = 128
"""From this value on a place of a mask belongs to the object."""


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
        masks: (N, h, w) uint8 or None: one small picture for each box, laid over that box. Its values say how sure a
            place belongs to the object; from `MASK_EDGE` on it does. Whole-frame masks would take megabytes a frame.
        keypoints: (N, K, 3) float32 of x, y in pixels of the frame and how sure (0 to 1), or None.
        track_ids: (N,) int64 that stay with an object from frame to frame, or None.
        bones: pairs of key points that are drawn as a line.
    """

    boxes: np.ndarray = field(default_factory=_no_boxes)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    class_ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes: tuple[str, ...] = ()
    masks: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    track_ids: np.ndarray | None = None
    bones: tuple[tuple[int, int], ...] = ()

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
        if self.masks is not None and self.masks.dtype != np.uint8:
            raise ValueError(f"masks of detections are uint8, not {self.masks.dtype}")
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
        return self.only(self.scores >= threshold)

    def only(self, keep: np.ndarray) -> Detections:
        """Some of them: (N,) bool, or int64 of their numbers."""
        return Detections(
            self.boxes[keep],
            self.scores[keep],
            self.class_ids[keep],
            self.classes,
            None if self.masks is None else self.masks[keep],
            None if self.keypoints is None else self.keypoints[keep],
            None if self.track_ids is None else self.track_ids[keep],
            self.bones,
        )

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"detections": [{"box", "label", "score", "track"}]}`.

        With masks each has "polygons" too, [[x1, y1, x2, y2, ...], ...] in pixels of the frame as in COCO's files, and
        with key points "keypoints", [[x, y, score], ...].
        """
        return {"detections": [self._plain(i) for i in range(len(self))]}

    def _plain(self, i: int) -> dict[str, Any]:
        one: dict[str, Any] = {
            "box": [round(float(value), 2) for value in self.boxes[i]],
            "label": self.label(i),
            "score": round(float(self.scores[i]), 4),
            "track": None if self.track_ids is None else int(self.track_ids[i]),
        }
        if self.masks is not None:
            from engine.inference.masks import polygons

            one["polygons"] = polygons(self.masks[i], self.boxes[i])
        if self.keypoints is not None:
            one["keypoints"] = [[round(float(value), 2) for value in point] for point in self.keypoints[i]]
        return one


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


@dataclass(frozen=True, eq=False)
class Labels:
    """Any number of labels for the whole frame: each class is judged by itself.

    Attributes:
        classes: names of the classes.
        probabilities: (classes,) float32, each from 0 to 1.
        seen: as in `Classification`.
        threshold: from which on a class counts as there.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    seen: np.ndarray | None = None
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.probabilities.shape != (len(self.classes),) or not self.classes:
            raise ValueError(f"{len(self.classes)} classes have probabilities of shape {self.probabilities.shape}")
        if not ((self.probabilities >= 0) & (self.probabilities <= 1)).all():
            raise ValueError("probabilities lie between 0 and 1")

    def above(self, threshold: float) -> list[tuple[str, float]]:
        """Names and probabilities of the classes of at least `threshold`, the surest first."""
        order = np.argsort(-self.probabilities, kind="stable")
        return [
            (self.classes[int(k)], float(self.probabilities[k])) for k in order if self.probabilities[k] >= threshold
        ]

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"labels": [{"label", "score"}]}`, those that are there."""
        return {"labels": [{"label": name, "score": round(score, 4)} for name, score in self.above(self.threshold)]}


@dataclass(frozen=True, eq=False)
class Match:
    """The known picture that the frame is most like.

    Attributes:
        classes: names of the classes that there are references of.
        distances: (classes,) float32, from the frame to the nearest reference of each class.
        seen: as in `Classification`.
        same_below: distance below which two pictures count as of the same class, where the run knows one.
    """

    classes: tuple[str, ...]
    distances: np.ndarray
    seen: np.ndarray | None = None
    same_below: float | None = None

    def __post_init__(self) -> None:
        if self.distances.shape != (len(self.classes),) or not self.classes:
            raise ValueError(f"{len(self.classes)} classes have distances of shape {self.distances.shape}")
        if not np.isfinite(self.distances).all():
            raise ValueError("distances must be finite")

    @property
    def best(self) -> int:
        return int(self.distances.argmin())

    @property
    def label(self) -> str:
        return self.classes[self.best]

    @property
    def distance(self) -> float:
        return float(self.distances[self.best])

    @property
    def known(self) -> bool:
        """Whether it is near enough to count as the same."""
        return self.same_below is None or self.distance < self.same_below

    def plain(self) -> dict[str, Any]:
        """The JSON form: `{"label", "distance", "known"}`; "known" is false where even the nearest is far away."""
        return {"label": self.label, "distance": round(self.distance, 4), "known": self.known}


Outcome = Detections | Classification | Labels | Match | ClassMap | EdgeMap | NormalMap | Restored
