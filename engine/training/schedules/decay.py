"""Schedules whose rate stays or falls."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from engine.training.schedules.base import SCHEDULES, Plan, WarmedUp


@SCHEDULES.register("constant")
class Constant(WarmedUp):
    """The same learning rate all the way."""

    label: ClassVar[str] = "Constant"

    def after(self, step: int, steps: int, plan: Plan) -> float:
        return 1.0


@SCHEDULES.register("step")
class StepDecay(WarmedUp):
    """A drop every few epochs: large steps first, then finer ones."""

    label: ClassVar[str] = "Step"

    every: int = Field(10, ge=1, le=100_000, description="Epochs between drops.")
    factor: float = Field(0.1, gt=0, le=1, description="What the rate is multiplied by at each drop.")

    def after(self, step: int, steps: int, plan: Plan) -> float:
        return float(self.factor ** (step // plan.steps_per_epoch // self.every))


@SCHEDULES.register("exponential")
class Exponential(WarmedUp):
    """The rate is multiplied by the same factor after every epoch."""

    label: ClassVar[str] = "Exponential"

    factor: float = Field(0.95, gt=0, le=1, description="What the rate is multiplied by after each epoch.")

    def after(self, step: int, steps: int, plan: Plan) -> float:
        return float(self.factor ** (step // plan.steps_per_epoch))


@SCHEDULES.register("cosine")
class Cosine(WarmedUp):
    """Half a cosine wave from the full rate down to the final one: slow at both ends, fast in the middle.

    `η = η_end + (η₀ − η_end)·(1 + cos(π·t/T)) / 2`; Loshchilov and Hutter, 2017, "SGDR".
    """

    label: ClassVar[str] = "Cosine"

    final_share: float = Field(0.0, ge=0, le=1, description="Share of the learning rate left at the end.")

    def after(self, step: int, steps: int, plan: Plan) -> float:
        wave = (1 + math.cos(math.pi * min(step / max(steps, 1), 1.0))) / 2
        return self.final_share + (1 - self.final_share) * wave
