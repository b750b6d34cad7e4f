"""The same few validation samples after every epoch, so that one sees the answers change."""

from __future__ import annotations

import time

import torch

from engine.events import Emit
from engine.training.callbacks.base import Callback
from engine.training.events import SamplePredictions
from engine.training.trainer import EpochResult, Trainer

SAMPLES = 16
INTERVAL = 0.25


class Samples(Callback):
    """Emits `SamplePredictions` from the validation that has just been done, at most four times a second."""

    def __init__(self, emit: Emit, samples: int = SAMPLES) -> None:
        self._emit = emit
        self._wanted = samples
        self._told = 0.0
        self._pending = 0  # epoch whose answers were not told yet

    def started(self, trainer: Trainer) -> None:
        if trainer.validation is None:
            return
        firsts = torch.from_numpy(trainer.validation.rounds[:, 0].copy())
        trainer.keep = tuple(spread(trainer.validation.pool.labels[firsts], self._wanted).tolist())

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        self._pending = result.epoch
        if time.perf_counter() - self._told >= INTERVAL:
            self._tell(trainer)

    def interrupted(self, trainer: Trainer) -> None:
        self._tell(trainer)

    def ended(self, trainer: Trainer) -> None:
        self._tell(trainer)

    def _tell(self, trainer: Trainer) -> None:
        if not self._pending or trainer.outcome is None:
            return
        kept = trainer.outcome.kept
        rows = [kept[place] for place in trainer.keep if place in kept]
        sketches = tuple(trainer.task.sketch(row.picture, row.answer, row.truth) for row in rows)
        self._emit(SamplePredictions(self._pending, sketches))
        self._pending = 0
        self._told = time.perf_counter()


def spread(labels: torch.Tensor, wanted: int) -> torch.Tensor:
    """Places of up to `wanted` samples, one of each class in turn; always the same ones."""
    rank = torch.zeros_like(labels)
    for k in labels.unique():
        rank[labels == k] = torch.arange(int((labels == k).sum()))
    order = torch.argsort(rank * (int(labels.max()) + 1 if len(labels) else 1) + labels, stable=True)
    return order[:wanted]
