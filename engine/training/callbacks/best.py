"""Remember the weights of the best epoch, judged by the validation pictures and never by the test pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from engine.training.callbacks.base import Callback
from engine.training.trainer import EpochResult, Trainer


class BestWeights(Callback):
    """Keeps a copy of the best weights in memory until a checkpoint is written.

    Best is the best headline measure on validation, and the lower validation loss among equals. Without validation
    samples, or where a task has no such measure, there is nothing to choose by, so the newest epoch counts as best.

    Attributes:
        epoch: the best epoch, counted from 1; 0 before the first.
        unsaved: its weights while they are not on disk yet.
    """

    key: ClassVar[str] = "best"

    def __init__(self) -> None:
        self.epoch = 0
        self.unsaved: dict[str, Tensor] | None = None
        self._score = (-math.inf, -math.inf)

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        headline = result.measures.get(f"val_{trainer.task.headline}") if trainer.task.headline else None
        if headline is not None and math.isfinite(headline):
            score = (-headline if trainer.task.lower_is_better else headline, -result.val_loss)
            if score <= self._score:
                return
            self._score = score
        elif headline is not None and self.epoch:
            return  # undefined in this epoch, which so cannot be better than another
        self.epoch = result.epoch
        with trainer.as_judged():
            self.unsaved = {name: tensor.detach().clone() for name, tensor in trainer.model.state_dict().items()}

    def state(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "score": list(self._score)}

    def load(self, state: Mapping[str, Any]) -> None:
        self.epoch = int(state["epoch"])
        headline, loss = state["score"]
        self._score = (float(headline), float(loss))
