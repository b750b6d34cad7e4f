"""Lower the rate when learning stalls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.training.schedules.base import SCHEDULES, Plan, Stepper, WarmedUp

if TYPE_CHECKING:
    import torch


@SCHEDULES.register("plateau")
class Plateau(WarmedUp):
    """The rate falls whenever the validation loss has not improved for some epochs."""

    label: ClassVar[str] = "Reduce on plateau"

    patience: int = Field(5, ge=0, le=100_000, description="Epochs without a better loss that are put up with.")
    factor: float = Field(0.1, gt=0, lt=1, description="What the rate is multiplied by then.")
    threshold: float = Field(1e-4, ge=0, lt=1, description="A loss counts as better when this share below the best.")
    floor: float = Field(0.0, ge=0, lt=1, description="Smallest share of the learning rate.")

    def after(self, step: int, steps: int, plan: Plan) -> float:
        return 1.0

    def make(self, optimiser: torch.optim.Optimizer, plan: Plan) -> Stepper:
        return PlateauStepper(self, optimiser, plan)


class PlateauStepper(Stepper):
    """Remembers the best loss and how long ago it was."""

    def __init__(self, schedule: Plateau, optimiser: torch.optim.Optimizer, plan: Plan) -> None:
        super().__init__(schedule, optimiser, plan)
        self._rule = schedule
        self._best = math.inf
        self._bad_epochs = 0
        self._share = 1.0

    def share(self, step: int) -> float:
        return self._share * self.schedule.share(step, self.plan)

    def epoch_done(self, loss: float) -> None:
        if loss < self._best * (1 - self._rule.threshold):
            self._best, self._bad_epochs = loss, 0
            return
        self._bad_epochs += 1
        if self._bad_epochs > self._rule.patience:
            self._share = max(self._share * self._rule.factor, self._rule.floor)
            self._bad_epochs = 0

    def state(self) -> dict[str, Any]:
        return {"best": self._best, "bad_epochs": self._bad_epochs, "share": self._share}

    def load(self, state: Mapping[str, Any]) -> None:
        self._best = float(state["best"])
        self._bad_epochs = int(state["bad_epochs"])
        self._share = float(state["share"])
