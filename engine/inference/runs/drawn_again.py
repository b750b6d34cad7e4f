"""Autoencoders: the picture as they draw it again from its code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import BadInput
from engine.inference.frame import Frame
from engine.inference.maps import Restored
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor, on_frame

if TYPE_CHECKING:
    from engine.training.runs import Run


@RUN_PREDICTORS.register("generation")
class RunRedrawer(RunPredictor):
    """What is left of the picture after it went through a narrow code."""

    def _ready(self, run: Run, references: Path | None) -> None:
        if len(run.spec.inputs) > 1:
            raise BadInput(
                f"The run {run.folder.name} makes pictures of random values instead of looking at pictures.",
                "Evaluate shows some, and the command predict makes more with --source random --save FOLDER.",
            )

    def predict(self, frame: Frame) -> Restored:
        import torch

        with self._stage("prepare"):
            seen = self._seen(frame)
            batch = self._batch(seen)
        with torch.inference_mode():
            with self._stage("model"):
                outputs = self._outputs(batch)
            with self._stage("decode"):
                made = self._task.decode(outputs, batch)["made"][0].permute(1, 2, 0).float().cpu().numpy()  # (H, W, C)
        self._finite(made)
        values = np.rint(made.clip(0, 1) * 255).astype(np.uint8)
        change = float(np.sqrt(np.mean((values.astype(np.float32) - seen.transpose(1, 2, 0)) ** 2)))
        colour = np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values
        image, area = on_frame(colour, self._placement(frame), frame)
        return Restored(image, area, change)
