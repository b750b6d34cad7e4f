"""A finished run looks at frames, with the preprocessing that it was trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from engine.device import pick_device
from engine.errors import BadInput, JobFailed
from engine.inference.detections import Classification
from engine.inference.drawing import like_dataset
from engine.inference.frame import Frame
from engine.inference.predictor import Predictor


class RunClassifier(Predictor):
    """The best weights of a run, in evaluation mode.

    Args:
        folder: of the run.
        device: where to compute.

    Raises `BadInput` when the run cannot be loaded or does another task than classification.
    """

    def __init__(self, folder: Path, device: Literal["auto", "cpu", "cuda", "mps"] = "auto") -> None:
        import torch

        from engine.training.runs import load_run

        self._device = pick_device(device)
        run = load_run(folder, self._device)
        if run.config.task != "classification":
            raise BadInput(
                f"The run {run.folder.name} does {run.config.task}, which cannot be shown live yet.",
                "Choose a run that classifies pictures.",
            )
        super().__init__(run.folder.name, run.classes)
        self.dataset = run.config.data.source.id
        self._preprocessor = run.preprocessor
        # Channels last is a fifth faster for ResNet-18 on a processor, and the answers agree to 1e-7.
        self._model = run.model.to(memory_format=torch.channels_last)
        self.predict(
            Frame(np.zeros((32, 32, 3), np.uint8))
        )  # the first use is slow; better now than on the first frame

    def predict(self, frame: Frame) -> Classification:
        import torch

        from engine.opencv import cv2

        with self._stage("prepare"):
            if frame.drawn:
                rgb = like_dataset(frame.image, self.dataset)
            else:
                rgb = cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB)  # (H, W, 3)
            seen = self._preprocessor.picture(rgb)  # (C, H, W)
        with self._stage("model"), torch.inference_mode():
            batch = torch.from_numpy(seen).unsqueeze(0).to(self._device)  # (1, C, H, W)
            outputs = self._model(self._preprocessor.normalise(batch))  # (1, classes)
            probabilities = outputs.float().softmax(1)[0].cpu().numpy()
        if not np.isfinite(probabilities).all():
            raise JobFailed(
                f"The run {self.name} answers with numbers that are not finite.",
                "Choose another run, or train again with a lower learning rate.",
            )
        return Classification(self.classes, probabilities, seen)
