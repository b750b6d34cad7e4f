"""What predictors of finished runs have in common: the preprocessing of the training, and the way back to the frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from engine.datasets.preprocess import Placement
from engine.device import channels_last, pick_device
from engine.errors import BadInput, JobFailed
from engine.inference.frame import Frame
from engine.inference.maps import Area
from engine.inference.predictor import Predictor
from engine.inference.shortened import only_first, with_weights_of
from engine.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from engine.tasks.batch import Batch, Outputs
    from engine.training.runs import Run

RUN_PREDICTORS: Registry[type[RunPredictor]] = Registry("task that can be shown live", "engine.inference.runs")
"""By the task's id."""


class RunPredictor(Predictor):
    """The best weights of a run, in evaluation mode.

    Args:
        run: as it was loaded.
        device: where it lies.
        references: a folder with a folder of pictures per class, for tasks that compare; None for the training data.

    Class variables:
        drawn: whether a drawing of the scribble pad is brought into the form of the dataset first.
        one_answer: only the first output answers; the others serve training and are not computed.
    """

    drawn: ClassVar[bool] = False
    one_answer: ClassVar[bool] = False

    def __init__(self, run: Run, device: torch.device, references: Path | None = None) -> None:
        from engine.training.session import runner

        super().__init__(run.folder.name, run.classes)
        self.dataset = run.config.data.source.id
        self._task = run.config.make_task()
        self._device = device
        self._preprocessor = run.preprocessor
        if self.one_answer and len(run.spec.outputs) > 1:
            spec = only_first(run.spec)
            run = replace(run, spec=spec, model=with_weights_of(run.model, spec))
        # Channels last is a fifth faster for ResNet-18 on a processor, and the answers agree to 1e-7.
        self._run = runner(channels_last(run.model), run.spec)
        self._ready(run, references)
        # The first use is slow; better now than on the first frame.
        self.predict(Frame(np.zeros((32, 32, 3), np.uint8)))

    def _ready(self, run: Run, references: Path | None) -> None:
        """Take from the run what `predict` needs."""
        return

    def _seen(self, frame: Frame) -> np.ndarray:
        """What the network sees: uint8 (C, H, W)."""
        from engine.inference.drawing import like_dataset
        from engine.opencv import cv2

        if frame.drawn and self.drawn:
            rgb = like_dataset(frame.image, self.dataset)
        else:
            rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB))  # (H, W, 3)
        return self._preprocessor.picture(rgb)

    def _batch(self, seen: np.ndarray) -> Batch:
        """One picture as the task is given it."""
        import torch

        from engine.tasks.batch import Batch

        picture = torch.from_numpy(seen).unsqueeze(0).to(self._device)  # (1, C, H, W)
        normalised = self._preprocessor.normalise(picture).to(memory_format=torch.channels_last)
        return Batch((normalised,), {}, np.zeros(1, np.int64), scale=self._preprocessor)

    def _outputs(self, batch: Batch) -> Outputs:
        return self._run(*batch.inputs)

    def _placement(self, frame: Frame) -> Placement:
        return self._preprocessor.placement((frame.height, frame.width))

    def _finite(self, values: Tensor | np.ndarray) -> None:
        """Refuse answers that are not finite."""
        if not np.isfinite(values if isinstance(values, np.ndarray) else values.float().cpu().numpy()).all():
            raise JobFailed(
                f"The run {self.name} answers with numbers that are not finite.",
                "Choose another run, or train again with a lower learning rate.",
            )


def on_frame(
    values: np.ndarray, placement: Placement, frame: Frame, *, middle: bool = False
) -> tuple[np.ndarray, Area]:
    """The part of a map that shows the frame, and where that lies in the frame.

    Args:
        values: (h, w, ...) over the network's whole input, at any resolution.
        placement: where the frame lies in the network's input.
        middle: the map has the input's resolution and lies over its middle, as of a network without padding.

    Bars that were added around a frame are cut off. Where the middle of a frame was taken, the area is that middle.
    """
    height, width = values.shape[:2]
    step, corner = (placement.width / width, placement.height / height), (0.0, 0.0)
    if middle:
        step, corner = (1.0, 1.0), (float((placement.width - width) // 2), float((placement.height - height) // 2))
    cut: list[slice] = []
    edges: list[tuple[float, float]] = []
    for axis, (length, size) in enumerate(((width, frame.width), (height, frame.height))):
        # Columns (or rows) of the map that lie in the frame, whole ones.
        first = (placement.offset[axis] - corner[axis]) / step[axis]
        last = (placement.offset[axis] + size * placement.scale[axis] - corner[axis]) / step[axis]
        start = min(max(0, round(first)), length - 1)
        stop = max(min(length, round(last)), start + 1)
        cut.append(slice(start, stop))
        ends = [
            (place * step[axis] + corner[axis] - placement.offset[axis]) / placement.scale[axis]
            for place in (start, stop)
        ]
        edges.append((max(0.0, ends[0]), min(float(size), ends[1])))
    (x1, x2), (y1, y2) = edges
    return np.ascontiguousarray(values[cut[1], cut[0]]), (x1, y1, x2, y2)


def elsewhere(kind: str) -> str:
    """Where a run answers that looks at no pictures: advice for somebody who chose it to look at some."""
    return f"Evaluate shows its answers, and the command predict asks it with {kind} as its --source."


def open_run(
    folder: Path, device: Literal["auto", "cpu", "cuda", "mps"] = "auto", references: Path | None = None
) -> Predictor:
    """Open a finished run. Raises `BadInput` when it cannot be loaded, or its task looks at no pictures."""
    from engine.tasks.base import TASKS
    from engine.training.run_folder import read_config
    from engine.training.runs import load_run

    task = read_config(folder).task
    if task not in RUN_PREDICTORS:
        kind = TASKS.get(task).kind if task in TASKS else "pictures"
        if kind != "pictures":
            raise BadInput(
                f"The run {folder.name} reads {'text' if kind == 'text' else 'tables of numbers'}, not pictures.",
                elsewhere("the beginning of a text" if kind == "text" else "a table (.csv)"),
            )
        raise BadInput(
            f"The run {folder.name} cannot look at pictures one by one.", "Choose another run, or see it on Evaluate."
        )
    chosen = pick_device(device)
    return RUN_PREDICTORS.get(task)(load_run(folder, chosen), chosen, references)
