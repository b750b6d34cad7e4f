"""Stop when the validation loss has not improved for a while."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from engine.events import Emit, Notice
from engine.training.callbacks.base import Callback
from engine.training.trainer import EpochResult, Trainer


class EarlyStopping(Callback):
    """Ends the training after `patience` epochs without a lower validation loss (Prechelt, 1998).

    Without validation pictures there is no such loss, and it never ends.
    """

    key: ClassVar[str] = "early_stopping"

    def __init__(self, patience: int, emit: Emit) -> None:
        self._patience = patience
        self._emit = emit
        self._lowest = math.inf
        self._bad_epochs = 0

    def started(self, trainer: Trainer) -> None:
        trainer.stopping = self._bad_epochs >= self._patience

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        if math.isnan(result.val_loss):
            return
        if result.val_loss < self._lowest:
            self._lowest, self._bad_epochs = result.val_loss, 0
            return
        self._bad_epochs += 1
        if self._bad_epochs >= self._patience:
            trainer.stopping = True
            self._emit(
                Notice(
                    "info",
                    f"Stopped early after epoch {result.epoch}: the validation loss has not been below "
                    f"{self._lowest:.4f} for {self._bad_epochs} epochs.",
                    "The weights of the best epoch are kept.",
                    kind="early_stopping",
                )
            )

    def state(self) -> dict[str, Any]:
        return {"lowest": self._lowest, "bad_epochs": self._bad_epochs}

    def load(self, state: Mapping[str, Any]) -> None:
        self._lowest = float(state["lowest"])
        self._bad_epochs = int(state["bad_epochs"])
