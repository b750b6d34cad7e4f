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
    """

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        self.name = name
        self.classes = classes
        self.stages: dict[str, float] = {}

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


def open_predictor(model: str, device: Literal["auto", "cpu", "cuda", "mps"] = "auto") -> Predictor:
    """Open a built-in detector ("opencv:face") or a finished run by its folder.

    Raises `BadInput` when there is no such detector or run, or the run cannot be used.
    """
    if model.startswith(PREFIX):
        return DETECTORS.get(model).make()  # type: ignore[call-arg]
    folder = Path(model)
    if not folder.is_dir():
        raise BadInput(
            f"{model} is neither a built-in detector nor the folder of a run.",
            f"Give a run's folder, or one of {', '.join(sorted(DETECTORS))}.",
        )
    from engine.inference.classifier import RunClassifier

    return RunClassifier(folder, device)
