"""Runs that read clips: a whole video, or the last frames of a video or camera, as one sample."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import parse_source
from engine.datasets.drawn_frames import is_clip
from engine.datasets.formats.clips import Cut, clip_of, make_room
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
    """One class for the last frames, from the moment on that there are enough of them; until then no label.

    Frames are as far apart as the data says for the middle of a video. A run that learned from frames spread over
    whole videos cuts a video file in the same way, and gives that one answer with each of its frames.
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
        source = parse_source(run.config.data.source)
        every = int(getattr(source, "every", 1))
        self._cut = Cut(frames, "middle", every, size, channels)
        self._whole = Cut(frames, "whole", every, size, channels) if getattr(source, "span", "") == "whole" else None
        self._answered: tuple[Path, Classification] | None = None
        if self._whole is not None:
            distance = "one after another" if every == 1 else f"{every} apart"
            learned = f"The run {run.folder.name} learned from frames spread over whole videos"
            advice = "Show it video files, or train with frames from the middle of the videos."
            self.caution = (f"{learned}; here it sees the last {frames}, {distance}.", advice)
        self._scale = Unprocessed(_shape(run.spec))
        self._frames: deque[np.ndarray] = deque(maxlen=self._cut.needed)

    def reset(self) -> None:
        self._frames.clear()
        self._answered = None

    def predict(self, frame: Frame) -> Classification | Labels:
        if self._whole is not None and frame.video is not None:
            return self._of_video(frame.video, self._whole)
        with self._stage("prepare"):
            self._frames.append(self._cut.frame(frame.image))
            clip = np.stack(tuple(self._frames)[:: self._cut.every])  # (t, C, H, W)
        if len(self._frames) < self._cut.needed:
            return Labels(self.classes, np.zeros(len(self.classes), np.float32), _side_by_side(clip))
        return self._answer(clip)

    def _of_video(self, video: Path, cut: Cut) -> Classification:
        """The answer for a whole file. Raises `BadInput` where it has too few frames."""
        if self._answered is None or self._answered[0] != video:
            with self._stage("prepare"):
                clip = clip_of(video, cut, lambda count: None)
                make_room()
            self._answered = video, self._answer(clip)
        return self._answered[1]

    def _answer(self, clip: np.ndarray) -> Classification:
        """The class of a clip (T, C, H, W)."""
        import torch

        with self._stage("model"), torch.inference_mode():
            batch = self._scale.normalise(torch.from_numpy(clip)[None].to(self._device))  # (1, T, C, H, W)
            assert isinstance(self._task, OneClass)
            probabilities = self._task.probabilities(next(iter(self._run(batch).values())))[0].cpu().numpy()
        self._finite(probabilities)
        return Classification(self.classes, probabilities, _side_by_side(clip))


def _side_by_side(clip: np.ndarray) -> np.ndarray:
    """The frames (t, C, H, W) as one picture (C, H, t·W)."""
    return np.concatenate(list(clip), axis=2)
