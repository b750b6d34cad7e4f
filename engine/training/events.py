"""What a training run tells while it goes on. Plain, frozen, picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.events import Event
from engine.tasks.base import Sketch


@dataclass(frozen=True)
class RunStarted(Event):
    run: str  # folder of the run
    device: str
    parameters: int
    first_epoch: int  # 0, or where a resumed run goes on
    epochs: int
    steps_per_epoch: int
    classes: tuple[str, ...]
    samples: int = 0  # of the training part


@dataclass(frozen=True)
class StepsDone(Event):
    """A handful of optimiser steps at once (about ten such events a second, however fast the steps are)."""

    epoch: int
    steps: tuple[int, ...]  # global step numbers
    losses: tuple[float, ...]
    learning_rates: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    images_per_second: float
    memory_bytes: int


@dataclass(frozen=True)
class EpochDone(Event):
    epoch: int  # counted from 1
    step: int  # global step at its end
    train_loss: float
    val_loss: float | None
    measures: Mapping[str, float] = field(default_factory=dict)  # such as {"train_accuracy": .., "val_accuracy": ..}
    seconds: float = 0.0
    best: bool = False


@dataclass(frozen=True)
class SamplePredictions(Event):
    """The same few validation samples after every epoch, with what the network answers."""

    epoch: int
    samples: tuple[Sketch, ...]


@dataclass(frozen=True)
class Advice(Event):
    """Something is going wrong (or well): NaN, exploding, no learning, overfitting, ..."""

    kind: str
    what: str
    advice: str
    severity: str = "warning"
    epoch: int = 0


@dataclass(frozen=True)
class RunSummary:
    """What a finished training returns. Not an event: it is the result inside `Finished`."""

    run: str  # folder of the run
    test: Mapping[str, float]  # measures on the test pictures with the best weights; empty without a test part
    best_epoch: int  # counted from 1; chosen by the validation pictures
    epochs: int  # epochs that were trained
    seconds: float
