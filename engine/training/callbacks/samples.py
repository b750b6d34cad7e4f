"""The same few validation pictures after every epoch, so that one sees the answers change."""

from __future__ import annotations

import time

import numpy as np
import torch

from engine.events import Emit
from engine.training.callbacks.base import Callback
from engine.training.events import SamplePredictions
from engine.training.trainer import EpochResult, Trainer

PICTURES = 16
INTERVAL = 0.25


class Samples(Callback):
    """Emits `SamplePredictions` from the validation that has just been done, at most four times a second."""

    def __init__(self, emit: Emit, pictures: int = PICTURES) -> None:
        self._emit = emit
        self._wanted = pictures
        self._chosen = torch.empty(0, dtype=torch.int64)
        self._images = np.empty(0, np.uint8)
        self._truth: tuple[int, ...] = ()
        self._told = 0.0
        self._pending = 0  # epoch whose answers were not told yet

    def started(self, trainer: Trainer) -> None:
        if trainer.validation is None:
            return
        held = trainer.validation.held
        labels = held.labels.cpu()
        self._chosen = spread(labels, self._wanted)
        self._images = as_pictures(held.images[self._chosen.to(held.images.device)].cpu())
        self._truth = tuple(labels[self._chosen].tolist())

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
        self._emit(
            SamplePredictions(
                epoch=self._pending,
                images=self._images,
                truth=self._truth,
                predicted=tuple(trainer.outcome.predicted[self._chosen].tolist()),
                confidence=tuple(trainer.outcome.confidence[self._chosen].tolist()),
            )
        )
        self._pending = 0
        self._told = time.perf_counter()


def spread(labels: torch.Tensor, wanted: int) -> torch.Tensor:
    """Places of up to `wanted` pictures, one of each class in turn; always the same ones."""
    rank = torch.zeros_like(labels)
    for k in labels.unique():
        rank[labels == k] = torch.arange(int((labels == k).sum()))
    order = torch.argsort(rank * (int(labels.max()) + 1 if len(labels) else 1) + labels, stable=True)
    return order[:wanted]


def as_pictures(images: torch.Tensor) -> np.ndarray:
    """uint8 (N, C, H, W) as pictures to show: (N, H, W) for one channel, (N, H, W, 3) for three."""
    array = images.numpy()
    return np.ascontiguousarray(array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1))
