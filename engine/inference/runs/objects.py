"""Runs that find objects: boxes, and outlines where the network has masks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.preprocess import Placement
from engine.inference.detections import Detections
from engine.inference.frame import Frame
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor
from engine.inference.run_thresholds import USUAL, listen_to_threshold

if TYPE_CHECKING:
    from engine.training.runs import Run

_SIDE = 28


@RUN_PREDICTORS.register("detection")
class RunDetector(RunPredictor):
    """Boxes in pixels of the frame, whatever the network's picture looked like."""

    def _ready(self, run: Run, references: Path | None) -> None:
        self.threshold = USUAL
        self._listeners = listen_to_threshold(run.model)

    def predict(self, frame: Frame) -> Detections:
        import torch

        for listener in self._listeners:
            listener(self.threshold)
        with self._stage("prepare"):
            batch = self._batch(self._seen(frame))
        with torch.inference_mode():
            with self._stage("model"):
                outputs = self._outputs(batch)
            with self._stage("decode"):
                answer = {name: value[0].cpu().numpy() for name, value in self._task.decode(outputs, batch).items()}
        with self._stage("decode"):
            return self._detections(answer, self._placement(frame), frame)

    def _detections(self, answer: dict[str, np.ndarray], placement: Placement, frame: Frame) -> Detections:
        keep = (answer["labels"] >= 0) & (answer["scores"] >= self.threshold)
        seen, scores, labels = answer["boxes"][keep], answer["scores"][keep], answer["labels"][keep]
        self._finite(seen)
        whole = placement.boxes_back(seen)
        edges = np.array([frame.width, frame.height] * 2, np.float64)
        boxes = np.clip(whole, 0, edges).astype(np.float32)
        there = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])  # some lie in the bars beside the frame
        masks = _small(answer["masks"][keep], seen, placement)[there] if "masks" in answer else None
        if masks is not None:
            boxes = np.where(there[:, None], whole, boxes).astype(np.float32)  # a mask lies over its uncut box
        return Detections(
            boxes[there], scores[there].astype(np.float32), labels[there].astype(np.int64), self.classes, masks
        )


@RUN_PREDICTORS.register("instances")
class RunOutliner(RunDetector):
    """Boxes with a mask each."""


def _small(masks: np.ndarray, boxes: np.ndarray, placement: Placement) -> np.ndarray:
    """Masks (N, h, w) in 0..1, over their boxes or over the whole input, as uint8 over their boxes.

    Args:
        boxes: (N, 4) in pixels of the network's input.
    """
    from engine.opencv import cv2

    values = np.rint(masks.clip(0, 1) * 255).astype(np.uint8)
    if masks.shape[1:] != (placement.height, placement.width):
        return values
    small = np.zeros((len(values), _SIDE, _SIDE), np.uint8)
    for i, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        step = (max(x2 - x1, 1e-3) / _SIDE, max(y2 - y1, 1e-3) / _SIDE)
        matrix = np.array([[step[0], 0, x1 + step[0] / 2 - 0.5], [0, step[1], y1 + step[1] / 2 - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        small[i] = cv2.warpAffine(values[i], matrix, (_SIDE, _SIDE), flags=flags)
    return small
