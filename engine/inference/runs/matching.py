"""Runs that compare two pictures: the frame is put beside known pictures of every class, and the nearest wins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.errors import BadInput
from engine.inference.detections import Match
from engine.inference.frame import Frame
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor

if TYPE_CHECKING:
    from engine.training.runs import Run

_OF_EACH = 3
_MOST = 60
"""Every reference costs a look of its own at every frame."""


@RUN_PREDICTORS.register("matching")
class RunMatcher(RunPredictor):
    """The distance to the nearest of a few pictures of each class.

    The pictures come from the run's training data, evenly from each class, or from a folder with a folder of pictures
    per class: what the network has never seen can be told apart, too.
    """

    drawn: ClassVar[bool] = True

    def _ready(self, run: Run, references: Path | None) -> None:
        import torch

        pictures, labels, classes = self._from_folder(references) if references else _from_training(run)
        self.classes = classes
        self._labels = np.array(labels)
        batch = torch.from_numpy(np.stack(pictures)).to(self._device)  # (R, C, H, W) uint8
        self._known = self._preprocessor.normalise(batch).to(memory_format=torch.channels_last)
        options = run.config.make_task().options
        loss, margin = getattr(options, "loss", ""), float(getattr(options, "margin", 1.0))
        self._chance = loss == "cross-entropy"
        # Half the margin is half way between where training pulls equal pictures and where it pushes others.
        self._same_below = {"contrastive": margin / 2, "cross-entropy": 0.5}.get(loss)

    def _from_folder(self, folder: Path) -> tuple[list[np.ndarray], list[int], tuple[str, ...]]:
        from engine.datasets.pictures import SUFFIXES, load_picture

        if not folder.is_dir():
            raise BadInput(
                f"{folder} is no folder that is there.",
                "Give a folder with a folder of pictures for each class to compare with.",
            )
        pictures: list[np.ndarray] = []
        labels: list[int] = []
        classes: list[str] = []
        for name in _inside(folder, lambda each: each.is_dir()):
            files = _inside(folder / name, lambda each: each.suffix.lower() in SUFFIXES and each.is_file())[:_OF_EACH]
            for file in (folder / name / each for each in files):
                pictures.append(self._preprocessor.picture(load_picture(file)))
                labels.append(len(classes))
            if files:
                classes.append(name)
        if not 2 <= len(classes) <= _MOST:
            found = {0: "no folders with pictures", 1: "a folder with pictures of only one class"}
            raise BadInput(
                f"{folder} holds {found.get(len(classes), f'pictures of {len(classes)} classes')} to compare with.",
                f"Give a folder with 2 to {_MOST} folders of pictures, one for each class.",
            )
        return pictures, labels, tuple(classes)

    def predict(self, frame: Frame) -> Match:
        import torch

        with self._stage("prepare"):
            seen = self._seen(frame)
            batch = self._batch(seen)
        with self._stage("model"), torch.inference_mode():
            query = batch.inputs[0].expand(len(self._known), -1, -1, -1).contiguous(memory_format=torch.channels_last)
            (answer,) = self._run(query, self._known).values()
            values = answer.float().reshape(-1).cpu().numpy()  # (R,)
        self._finite(values)
        distances = 1 - values if self._chance else values
        nearest = [float(distances[self._labels == k].min()) for k in range(len(self.classes))]
        return Match(self.classes, np.array(nearest, np.float32), seen, self._same_below)


def _inside(folder: Path, wanted: Callable[[Path], bool]) -> list[str]:
    """The names in a folder, but for hidden ones, in order."""
    try:
        return sorted(each.name for each in folder.iterdir() if not each.name.startswith(".") and wanted(each))
    except OSError as error:
        raise BadInput(
            f"The folder {folder} cannot be read.", "Check its permissions, or choose another one.", details=str(error)
        ) from None


def _from_training(run: Run) -> tuple[list[np.ndarray], list[int], tuple[str, ...]]:
    """A few pictures of each class of the training part, spread over it."""
    from engine.cancel import CancelSource
    from engine.datasets.base import PictureSet
    from engine.datasets.prepare import prepare

    root = run.config.project_root(run.folder)
    prepared = prepare(run.config.data, root, lambda event: None, CancelSource().token, ("label",))
    try:
        samples, places = prepared.samples, prepared.train.indices
        assert isinstance(samples, PictureSet)
        labels = samples.labels[places]
        each = max(1, min(_OF_EACH, _MOST // max(1, len(run.classes))))
        pictures: list[np.ndarray] = []
        chosen: list[int] = []
        names: list[str] = []
        for k, name in enumerate(run.classes):
            there = places[labels == k]
            if not len(there) or len(names) >= _MOST:
                continue
            for at in np.unique(np.linspace(0, len(there) - 1, each).round().astype(int)).tolist():
                pictures.append(run.preprocessor.picture(samples.picture(int(there[at]))))
                chosen.append(len(names))
            names.append(name)
    finally:
        prepared.close()
    if len(names) < 2:
        raise BadInput(
            f"The training data of {run.folder.name} has too few classes to compare with.",
            "Give a folder of pictures to compare with, a folder per class.",
        )
    return pictures, chosen, tuple(names)
