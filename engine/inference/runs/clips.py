"""Runs that read clips: the last frames of a video or camera, as one sample."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import parse_source
from engine.datasets.drawn_frames import is_clip
from engine.datasets.formats.clips import Cut
from engine.datasets.preprocess import Unprocessed
from engine.errors import BadInput
from engine.inference.detections import Classification, Labels
from engine.inference.frame import Frame
from engine.inference.run_base import RUN_PREDICTORS, RunPredictor, elsewhere
from engine.tasks.kinds.classification import Classification as OneClass

if TYPE_CHECKING:
    import torch

    from engine.graph.spec import NetworkSpec
    from engine.training.runs import Run


def reads_clips(network: NetworkSpec) -> bool:
    """Whether its first Input takes clips (T, C, H, W)."""
    return bool(network.inputs) and is_clip(_shape(network))


def _shape(network: NetworkSpec) -> tuple[int, ...]:
    return tuple(network.inputs[0].params.get("shape", ()))


@RUN_PREDICTORS.register("sequence")
class RunClips(RunPredictor):
    """One class for the last frames, from the moment on that there are enough of them.

    Until then it answers with no label. Frames are as far apart as the data says for the middle of a video.
    """

    def __init__(self, run: Run, device: torch.device, references: Path | None = None) -> None:
        if not reads_clips(run.spec):
            what = "volumes" if len(_shape(run.spec)) == 4 else "tables of numbers"
            kind = "a volume (.npy, or a folder of slices)" if len(_shape(run.spec)) == 4 else "a table (.csv)"
            raise BadInput(f"The run {run.folder.name} reads {what}, not pictures.", elsewhere(kind))
        super().__init__(run, device, references)
        self.reset()  # the first, empty frame was for warming up

    def _ready(self, run: Run, references: Path | None) -> None:
        frames, channels, size, _ = _shape(run.spec)
        every = int(getattr(parse_source(run.config.data.source), "every", 1))
        self._cut = Cut(frames, "middle", every, size, channels)
        self._scale = Unprocessed(_shape(run.spec))
        self._frames: deque[np.ndarray] = deque(maxlen=self._cut.needed)

    def reset(self) -> None:
        self._frames.clear()

    def predict(self, frame: Frame) -> Classification | Labels:
        import torch

        with self._stage("prepare"):
            self._frames.append(self._cut.frame(frame.image))
            clip = np.stack(tuple(self._frames)[:: self._cut.every])  # (t, C, H, W)
            seen = np.concatenate(list(clip), axis=2)  # (C, H, t·W)
        if len(self._frames) < self._cut.needed:
            return Labels(self.classes, np.zeros(len(self.classes), np.float32), seen)
        with self._stage("model"), torch.inference_mode():
            batch = self._scale.normalise(torch.from_numpy(clip)[None].to(self._device))  # (1, T, C, H, W)
            assert isinstance(self._task, OneClass)
            probabilities = self._task.probabilities(next(iter(self._run(batch).values())))[0].cpu().numpy()
        self._finite(probabilities)
        return Classification(self.classes, probabilities, seen)
