"""Tell the owner how it goes: steps about ten times a second, and every epoch."""

from __future__ import annotations

import math
import time

import torch

from engine.events import Emit, Notice, Progress
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.events import EpochDone, StepsDone
from engine.training.trainer import EpochResult, Trainer

INTERVAL = 0.1


class Reporter(Callback):
    """Emits `StepsDone`, `EpochDone` and `Progress`.

    The losses of many fast steps are fetched from the device at once, and the gradient is measured for one step in each
    interval; the steps between repeat the newest norm.
    """

    def __init__(self, emit: Emit, epochs: int, best: BestWeights) -> None:
        self._emit = emit
        self._epochs = epochs
        self._best = best
        self._due = 0.0
        self._since = 0.0

    def started(self, trainer: Trainer) -> None:
        self._restart()

    def step_done(self, trainer: Trainer) -> None:
        now = time.perf_counter()
        if now < self._due:
            return
        trainer.require_finite()
        self._tell(trainer, now)
        trainer.norm_wanted = True

    def paused(self, trainer: Trainer) -> None:
        trainer.require_finite()
        self._tell(trainer, time.perf_counter())
        self._restart()

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        self._emit(
            EpochDone(
                epoch=result.epoch,
                step=result.step,
                train_loss=result.train_loss,
                val_loss=None if math.isnan(result.val_loss) else result.val_loss,
                measures=dict(result.measures),
                seconds=result.seconds,
                best=self._best.epoch == result.epoch,
            )
        )

    def memory_short(self, trainer: Trainer, samples: int) -> None:
        self._emit(
            Notice(
                "warning",
                f"There was not enough memory for a batch at once, so it is computed {samples} samples at a time.",
                "The steps take longer. They stay the same but for batch normalisation and for losses that are "
                "averaged over the objects or pixels of a batch.",
                kind="memory_short",
            )
        )

    def ended(self, trainer: Trainer) -> None:
        self._tell(trainer, time.perf_counter())

    def _restart(self) -> None:
        self._since = time.perf_counter()
        self._due = self._since + INTERVAL

    def _tell(self, trainer: Trainer, now: float) -> None:
        steps = trainer.tally.take()
        if not steps:
            return
        elapsed = max(now - self._since, 1e-9)
        self._emit(
            StepsDone(
                epoch=trainer.position.epoch + 1,
                steps=tuple(step.step for step in steps),
                losses=tuple(step.loss for step in steps),
                learning_rates=tuple(step.rate for step in steps),
                gradient_norms=tuple(step.norm for step in steps),
                images_per_second=sum(step.pictures for step in steps) / elapsed,
                memory_bytes=memory_bytes(trainer),
            )
        )
        text = f"Training, epoch {min(trainer.position.epoch + 1, self._epochs)} of {self._epochs}"
        self._emit(Progress(text, trainer.position.step, trainer.schedule.plan.steps))
        self._restart()


def memory_bytes(trainer: Trainer) -> int:
    """What the training takes: of the device's memory, or of this process's on a CPU."""
    import psutil

    device = next((p.device for p in trainer.model.parameters()), torch.device("cpu"))
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    if device.type == "mps":
        return int(torch.mps.current_allocated_memory())
    return int(psutil.Process().memory_info().rss)
