"""What turns a frame into detections or a label, and how a text such as "opencv:face" or a run folder becomes one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.errors import BadInput
from engine.inference.detections import Outcome
from engine.inference.frame import Frame
from engine.registry import Registry


class Predictor(ABC):
    """Looks at frames, one at a time, in one thread.

    Attributes:
        name: what a person calls it.
        classes: every label that it can give.
        stages: milliseconds of each stage of the last `predict`, in order.
        threshold: scores below it interest nobody. A predictor that becomes faster by that leaves them out at once;
            others give all that they find.
        caution: what a person should know who shows it anything but a video file, and what to do; None for nothing.
    """

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        self.name = name
        self.classes = classes
        self.stages: dict[str, float] = {}
        self.threshold = 0.0
        self.caution: tuple[str, str] | None = None

    @abstractmethod
    def predict(self, frame: Frame) -> Outcome:
        """Return what is in the frame; boxes are in the frame's own pixels."""

    def reset(self) -> None:
        """Forget what earlier frames taught, because another source begins."""
        return

    def close(self) -> None:
        """Give back memory and devices."""
        return

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stages[name] = (time.perf_counter() - began) * 1000


@dataclass(frozen=True)
class DetectorKind:
    """A detector that needs no training: its words for the chooser, and how to make it."""

    label: str
    help: str
    make: type[Predictor]


DETECTORS: Registry[DetectorKind] = Registry("built-in detector", "engine.inference.detectors")
PREFIX = "opencv:"
TRAINED = "torchvision:"


def open_predictor(
    model: str, device: Literal["auto", "cpu", "cuda", "mps"] = "auto", references: Path | None = None
) -> Predictor:
    """Open a built-in detector ("opencv:face"), a trained model ("torchvision:resnet50") or a finished run's folder.

    Args:
        references: pictures to compare with, a folder per class, for runs that match; None for their training data.

    Raises `BadInput` when there is no such detector, model or run, or it cannot be used.
    """
    if model.startswith(PREFIX):
        return DETECTORS.get(model).make()  # type: ignore[call-arg]
    if model.startswith(TRAINED):
        from engine.inference.trained.base import open_pretrained

        return open_pretrained(model, device)
    folder = Path(model)
    if not folder.is_dir():
        raise BadInput(
            f"{model} is neither a detector, nor a trained model, nor the folder of a run.",
            f"Give a run's folder, one of {', '.join(sorted(DETECTORS))}, or {TRAINED}NAME (doctor lists them).",
        )
    from engine.inference.run_base import open_run

    return open_run(folder, device, references)
