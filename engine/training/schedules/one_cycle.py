"""The one-cycle policy."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from engine.idle import counts_if, counts_unless
from engine.training.schedules.base import SCHEDULES, Plan, Schedule

_CYCLED = counts_if(cycle_momentum=[True]) | counts_unless(momentum=[False])


@SCHEDULES.register("one_cycle")
class OneCycle(Schedule):
    """Up to the full rate, then down far below the start, in one run; momentum goes the other way.

    The high middle jumps over narrow minima and the long tail settles: good results in few epochs.
    Smith and Topin, 2019, "Super-convergence".
    """

    label: ClassVar[str] = "One cycle"

    rise: float = Field(0.3, gt=0, lt=1, description="Share of the run that the rate rises for.")
    start_divisor: float = Field(25.0, ge=1, le=1e6, description="The first rate is the full one divided by this.")
    end_divisor: float = Field(1e4, ge=1, le=1e9, description="The last rate is the first one divided by this.")
    cycle_momentum: bool = Field(
        True,
        description="Lower the momentum (Adam: beta1) while the rate is high.",
        json_schema_extra=counts_unless(momentum=[False]),
    )
    low_momentum: float = Field(0.85, ge=0, lt=1, description="Momentum at the full rate.", json_schema_extra=_CYCLED)
    high_momentum: float = Field(0.95, ge=0, lt=1, description="Momentum at both ends.", json_schema_extra=_CYCLED)

    def share(self, step: int, plan: Plan) -> float:
        start = 1 / self.start_divisor
        return self._cycle(step, plan, start, 1.0, start / self.end_divisor)

    def momentum(self, step: int, plan: Plan) -> float | None:
        if not self.cycle_momentum:
            return None
        return self._cycle(step, plan, self.high_momentum, self.low_momentum, self.high_momentum)

    def _cycle(self, step: int, plan: Plan, start: float, peak: float, end: float) -> float:
        # A run too short to rise begins at the peak.
        top = max(self.rise * plan.steps - 1, 0.0)
        last = max(plan.steps - 1, top + 1e-9)
        if step <= top and top > 0:
            return _between(start, peak, step / top)
        return _between(peak, end, min((step - top) / (last - top), 1.0))


def _between(first: float, second: float, part: float) -> float:
    return second + (first - second) * (1 + math.cos(math.pi * part)) / 2
