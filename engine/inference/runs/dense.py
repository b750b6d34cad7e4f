"""Runs that answer for every place: classes, edges, surface normals, and the picture without its noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.inference.class_ids import class_ids, map_size
from engine.inference.frame import Frame
from engine.inference.maps import Area, ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor, on_frame
from engine.inference.shortened import before_enlarging, with_weights_of
from engine.tasks.dense.colours import middle

if TYPE_CHECKING:
    from torch import Tensor

    from engine.training.runs import Run


@RUN_PREDICTORS.register("segmentation")
class RunSegmenter(RunPredictor):
    """A class for every place.

    Where the network ends in enlarging the scores of all its classes, it is left out: only those that can win
    somewhere are enlarged, and the answers stay the same.
    """

    one_answer: ClassVar[bool] = True

    def _ready(self, run: Run, references: Path | None) -> None:
        import torch

        from engine.training.session import runner

        self.classes = ("background", *run.classes)
        self._size: tuple[int, int] | None = None  # that the network's last step would enlarge its scores to
        shorter = before_enlarging(run.spec)
        if shorter is not None:
            spec, self._size = shorter
            model = with_weights_of(run.model, spec)
            self._run = runner(model.to(memory_format=torch.channels_last), spec)

    def predict(self, frame: Frame) -> ClassMap:
        import torch

        from engine.tasks.dense.sizes import enlargement

        with self._stage("prepare"):
            batch = self._batch(self._seen(frame))
        with torch.inference_mode():
            with self._stage("model"):
                scores = next(iter(self._outputs(batch).values()))[0]  # (classes, h, w)
            with self._stage("decode"):
                last = scores.permute(1, 2, 0).float().contiguous().cpu().numpy()  # (h, w, classes)
                self._finite(last)
                _, height, width = self._preprocessor.input_shape
                size = self._size or (last.shape[0], last.shape[1])
                coarse = enlargement(size, (height, width)) > 1
                ids = class_ids(last, *(map_size(height, width) if coarse else size))
                inner = not coarse and size != (height, width)
                ids, area = on_frame(ids, self._placement(frame), frame, middle=inner)
                return ClassMap(self.classes, ids, area)


@RUN_PREDICTORS.register("edges")
class RunEdges(RunPredictor):
    """How sure every place is an edge."""

    def predict(self, frame: Frame) -> EdgeMap:
        sure, area = self._on_frame(self._map(frame, "edges"), frame)
        return EdgeMap(np.rint(sure.clip(0, 1) * 255).astype(np.uint8), area)

    def _on_frame(self, values: np.ndarray, frame: Frame) -> tuple[np.ndarray, Area]:
        inner = values.shape[:2] != self._preprocessor.input_shape[1:]
        return on_frame(values, self._placement(frame), frame, middle=inner)

    def _map(self, frame: Frame, name: str) -> np.ndarray:
        """The task's answer `name` with its channels last, (h, w[, C])."""
        import torch

        with self._stage("prepare"):
            seen = self._seen(frame)
            self._before = seen.transpose(1, 2, 0)  # (H, W, C)
            batch = self._batch(seen)
        with torch.inference_mode():
            with self._stage("model"):
                outputs = self._outputs(batch)
            with self._stage("decode"):
                found: Tensor = self._task.decode(outputs, batch)[name][0]
                values = found.permute(1, 2, 0) if found.ndim == 3 else found
                array = values.float().contiguous().cpu().numpy()
        self._finite(array)
        return np.asarray(array)


@RUN_PREDICTORS.register("normals")
class RunNormals(RunEdges):
    """Which way every place faces."""

    def predict(self, frame: Frame) -> NormalMap:  # type: ignore[override]
        vectors, area = self._on_frame(self._map(frame, "normals"), frame)
        return NormalMap.of(np.ascontiguousarray(vectors.transpose(2, 0, 1)), area)


@RUN_PREDICTORS.register("denoising")
class RunRestorer(RunEdges):
    """The picture without its noise. Live no noise is added: the camera's own is taken away."""

    def predict(self, frame: Frame) -> Restored:  # type: ignore[override]
        values = np.rint(self._map(frame, "restored").clip(0, 1) * 255).astype(np.uint8)  # (h, w, C)
        colour = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
        with self._stage("decode"):
            image, area = self._on_frame(colour, frame)
            before, _ = self._on_frame(middle(self._before, *values.shape[:2]), frame)
            after, _ = self._on_frame(values, frame)
            change = float(np.sqrt(np.mean((after.astype(np.float32) - before.astype(np.float32)) ** 2)))
        return Restored(image, area, change)
