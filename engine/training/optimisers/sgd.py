"""Stochastic gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.idle import counts_unless
from engine.training.optimisers.base import OPTIMISERS, Optimiser

if TYPE_CHECKING:
    import torch


@OPTIMISERS.register("sgd")
class Sgd(Optimiser):
    """Stochastic gradient descent: step against the gradient of one batch, `w ← w − η·g`.

    With momentum m the steps build up speed, `v ← m·v + g; w ← w − η·v`. Nesterov looks ahead: it takes the gradient
    of where the momentum is about to lead. Needs a larger learning rate than Adam, and often a schedule.
    """

    label: ClassVar[str] = "SGD"

    learning_rate: float = Field(0.05, gt=0, le=100, description="Size of the steps; the schedule scales it.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Share of the last step kept; 0 is plain descent.")
    nesterov: bool = Field(
        False,
        description="Look ahead along the momentum before stepping.",
        json_schema_extra=counts_unless(momentum=[0.0]),
    )

    def make(self, groups: list[dict[str, Any]], **more: Any) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(
            groups,
            lr=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
            **more,
        )
