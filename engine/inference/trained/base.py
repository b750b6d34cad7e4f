"""What the trained models have in common, and how a text such as "torchvision:resnet50" becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.device import pick_device
from engine.errors import JobFailed
from engine.inference.frame import Frame
from engine.inference.predictor import Predictor
from engine.pretrained.table import Weights

if TYPE_CHECKING:
    import torch

    from engine.pretrained.build import Pretrained
    from engine.pretrained.files import Found

USUAL_THRESHOLD = 0.3
"""What a score must reach unless somebody says otherwise: most of what a detector gives below it is wrong."""
LEAST_THRESHOLD = 0.05
"""Below this nothing is looked at, however low a threshold is asked for: it would be thousands of boxes."""


class TrainedPredictor(Predictor):
    """One of torchvision's models, its normalisation folded into its convolutions and laid out for the processor.

    Args:
        found: the file of its weights.
        device: where to compute.
    """

    def __init__(self, found: Found, device: Literal["auto", "cpu", "cuda", "mps"] = "auto") -> None:
        import torch

        from engine.pretrained.build import load_pretrained
        from engine.pretrained.folding import fold_norms

        loaded = load_pretrained(found)
        names, places = loaded.names()
        super().__init__(found.row.label, names)
        self._places = places
        self._device = pick_device(device)
        fold_norms(loaded.net)
        self._net = loaded.net.to(self._device).to(memory_format=torch.channels_last)
        self._ready(loaded)
        # The first use is slow, and so is the first at another size; better now than on the first frame.
        self.predict(Frame(np.zeros((480, 640, 3), np.uint8)))

    def _ready(self, loaded: Pretrained) -> None:
        """Take from the model what `predict` needs."""
        return

    def _finite(self, values: torch.Tensor) -> None:
        """Refuse answers that are not finite: the weights were trained for something else."""
        if not bool(values.isfinite().all()):
            raise JobFailed(
                f"{self.name} answers with numbers that are not finite.", "Fetch its weights again, or choose another."
            )


def picture_tensor(frame: Frame) -> torch.Tensor:
    """uint8 (3, H, W) in RGB, a copy of the frame's."""
    import torch

    from engine.opencv import cv2

    return torch.from_numpy(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB)).permute(2, 0, 1)


def open_pretrained(
    id: str,
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto",
    rows: Sequence[Weights] | None = None,
    places: Sequence[Path] | None = None,
) -> Predictor:
    """Open a trained model by its id, "torchvision:ssdlite320_mobilenet_v3_large".

    Args:
        id: of the model.
        device: where to compute.
        rows, places: as for `engine.pretrained.files.find_weights`.

    Raises `BadInput` when there is no such model, or its file is missing or damaged.
    """
    from engine.pretrained.files import find_model

    found = find_model(id, rows, places)
    return _kind(found.row)(found, device)


def _kind(row: Weights) -> type[TrainedPredictor]:
    if row.task == "classification":
        from engine.inference.trained.labels import TrainedClassifier

        return TrainedClassifier
    if row.task == "segmentation":
        from engine.inference.trained.regions import TrainedSegmenter

        return TrainedSegmenter
    if row.model.startswith("ssd"):
        from engine.inference.trained.ssd import TrainedSsd

        return TrainedSsd
    if "rcnn" in row.model:
        from engine.inference.trained.two_stage import TrainedTwoStage

        return TrainedTwoStage
    from engine.inference.trained.one_stage import TrainedOneStage

    return TrainedOneStage
