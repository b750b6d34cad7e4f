"""Write checkpoints, seldom enough not to be felt and often enough not to lose much."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import torch

from engine.errors import VitrineError
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.checkpoint import save_best, save_last
from engine.training.trainer import EpochResult, Trainer, diverged

log = logging.getLogger(__name__)

# Writing may take this share of the time: epochs of a tenth of a second are not all written.
TIME_SHARE = 0.01
# Long epochs are written in the middle, too.
LONGEST_GAP = 120.0


class Checkpoints(Callback):
    """Saves `best.safetensors` and then `last.pt` when an epoch ends, on a pause, on a stop and at the end.

    Resuming is exact from any checkpoint, so when one is written changes only how much is trained again.
    """

    def __init__(self, run_dir: Path, every: int, best: BestWeights) -> None:
        self._run_dir = run_dir
        self._every = every
        self._best = best
        self._written = time.monotonic()
        self._cost = 0.0

    def started(self, trainer: Trainer) -> None:
        self._written = time.monotonic()

    def step_done(self, trainer: Trainer) -> None:
        if time.monotonic() - self._written > LONGEST_GAP and trainer.can_save():
            self._save(trainer)

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        if result.epoch % self._every == 0 and (time.monotonic() - self._written) * TIME_SHARE >= self._cost:
            self._save(trainer)

    def paused(self, trainer: Trainer) -> None:
        self._save(trainer)

    def interrupted(self, trainer: Trainer) -> None:
        self._save(trainer)

    def ended(self, trainer: Trainer) -> None:
        self._save(trainer)

    def failed(self, trainer: Trainer) -> None:
        # The best weights were finite when they were copied; the present ones may not be.
        try:
            self._save_best()
        except VitrineError as error:
            log.warning("the best weights could not be saved either: %s", error)

    def _save(self, trainer: Trainer) -> None:
        begun = time.monotonic()
        trainer.require_finite()
        if not _finite(trainer.model.state_dict()):
            raise diverged(f"The weights became NaN or infinite in epoch {trainer.position.epoch + 1}.", trainer)
        self._save_best()
        save_last(self._run_dir, trainer.state())
        self._written = time.monotonic()
        self._cost = self._written - begun

    def _save_best(self) -> None:
        if self._best.unsaved is not None:
            save_best(self._run_dir, self._best.unsaved)
            self._best.unsaved = None


def _finite(weights: dict[str, torch.Tensor]) -> bool:
    # Gathered on the device: one wait for it instead of one per weight. No double precision, which MPS does not have.
    whole = [tensor.isfinite().all() for tensor in weights.values() if tensor.is_floating_point()]
    return not whole or bool(torch.stack(whole).all())
