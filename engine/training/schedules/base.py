"""What a schedule is: a frozen declaration that says, for every optimiser step, the share of the learning rate.

A share is a function of the step number alone wherever possible, so that a resumed run needs no memory; what a
schedule must remember (plateau) it returns as plain values for the checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.registry import Registry

if TYPE_CHECKING:
    import torch

SCHEDULES: Registry[type[Schedule]] = Registry("schedule", "engine.training.schedules")

WARM_UP_START = 0.01


@dataclass(frozen=True)
class Plan:
    """How long the run is: epochs, and optimiser steps in each."""

    epochs: int
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch


class Schedule(Settings):
    """Base of all schedules. The docstring is the text that a learner reads."""

    label: ClassVar[str]

    def share(self, step: int, plan: Plan) -> float:
        """The share of the learning rate for optimiser step `step`, counted from 0."""
        raise NotImplementedError

    def momentum(self, step: int, plan: Plan) -> float | None:
        """The momentum (Adam: beta1) for this step; None leaves it alone."""
        return None

    def make(self, optimiser: torch.optim.Optimizer, plan: Plan) -> Stepper:
        """Return the running schedule of one optimiser."""
        return Stepper(self, optimiser, plan)


class WarmedUp(Schedule):
    """Base of the schedules that can start with a warm-up: a linear rise from 1 % of the learning rate."""

    warmup_epochs: float = Field(0.0, ge=0, le=10_000, description="Epochs of linear rise at the start; 0 for none.")

    def share(self, step: int, plan: Plan) -> float:
        warm = min(round(self.warmup_epochs * plan.steps_per_epoch), plan.steps)
        if step < warm:
            return WARM_UP_START + (1 - WARM_UP_START) * step / warm
        return self.after(step - warm, plan.steps - warm, plan)

    def after(self, step: int, steps: int, plan: Plan) -> float:
        """The share for a step counted from the end of the warm-up; `steps` such steps will be taken."""
        raise NotImplementedError


class Stepper:
    """Sets an optimiser's learning rate before each step, as its schedule says."""

    def __init__(self, schedule: Schedule, optimiser: torch.optim.Optimizer, plan: Plan) -> None:
        self.schedule = schedule
        self.plan = plan
        self._optimiser = optimiser
        self._base = [float(group["lr"]) for group in optimiser.param_groups]

    def set_step(self, step: int) -> float:
        """Set the rates for step `step` (from 0) and return the first group's."""
        share = self.share(step)
        momentum = self.schedule.momentum(step, self.plan)
        # Asked for anew, because loading a state gives an optimiser a new list of groups.
        groups = self._optimiser.param_groups
        for group, base in zip(groups, self._base, strict=True):
            group["lr"] = base * share
            if momentum is None:
                continue
            if "betas" in group:
                group["betas"] = (momentum, group["betas"][1])
            elif group.get("momentum"):
                group["momentum"] = momentum
        return float(groups[0]["lr"])

    def share(self, step: int) -> float:
        return self.schedule.share(step, self.plan)

    def epoch_done(self, loss: float) -> None:
        """Hear the loss that an epoch ended with: the validation loss where there is one."""

    def state(self) -> dict[str, Any]:
        """What must be remembered across a stop, as plain values."""
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a remembered state."""


def parse_schedule(choice: Choice) -> Schedule:
    """Return the declaration with the chosen options, or raise `BadInput` naming the wrong one."""
    return parse_choice(SCHEDULES, choice)
