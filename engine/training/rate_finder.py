"""Which learning rate suits a network and its data, found by trying them all in one short run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from engine.cancel import CancelToken
from engine.errors import JobFailed
from engine.events import Emit, Progress
from engine.project.spec import ProjectSpec

LOWEST, HIGHEST = 1e-6, 10.0
STEPS = 100
MEMORY = 0.9  # of the smoothed loss
WORSE = 4.0  # times the lowest loss at which there is nothing more to see


@dataclass(frozen=True)
class RateCurve:
    """What the range test saw, a value for each step.

    Attributes:
        rates: learning rates, rising by the same factor.
        losses: of each batch. smoothed: their moving average, corrected for its start.
        steepest: the rate at which the smoothed loss falls fastest over the logarithm of the rate.
        suggested: a rate to train with: `steepest`, or a tenth of the rate of the lowest loss if that is smaller.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    steepest: float
    suggested: float


@dataclass(frozen=True)
class FindRateJob:
    """The learning-rate range test: train with a rate that rises from step to step, and watch the loss.

    Smith, 2017, "Cyclical learning rates for training neural networks". Nothing is kept of the training. The other
    settings are the project's own, without its schedule.

    Raises:
        BadInput: the project cannot be trained as it is.
        JobFailed: the loss was never finite.
    """

    project: ProjectSpec
    root: Path
    steps: int = STEPS

    def __call__(self, emit: Emit, token: CancelToken) -> RateCurve:
        from engine.training.tuning import batches, trial

        rates: list[float] = []
        losses: list[float] = []
        with trial(self.project, self.root, emit, token) as found:
            trainer = found.trainer(self.project.training)
            factor = (HIGHEST / LOWEST) ** (1 / max(1, self.steps - 1))
            lowest = math.inf
            for number, batch in enumerate(batches(trainer, self.steps)):
                token.raise_if_cancelled()
                if number % 5 == 0:
                    emit(Progress("Trying learning rates", number, self.steps))
                rate = LOWEST * factor**number
                loss = trainer.try_step(batch, rate)
                if not math.isfinite(loss):
                    break
                rates.append(rate)
                losses.append(loss)
                lowest = min(lowest, loss)
                if number > 10 and loss > WORSE * lowest:
                    break
        return curve_of(rates, losses)


def curve_of(rates: list[float], losses: list[float]) -> RateCurve:
    """Smooth the losses and read the rate off them. Raises `JobFailed` with fewer than three of them."""
    if len(losses) < 3:
        raise JobFailed(
            "The loss was not a number from the beginning, whatever the learning rate.",
            "Look for a division by zero or a logarithm in the network, or normalise the data.",
        )
    smoothed: list[float] = []
    mean = 0.0
    for number, loss in enumerate(losses, start=1):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        smoothed.append(mean / (1 - MEMORY**number))
    lowest = min(range(len(smoothed)), key=smoothed.__getitem__)
    # Up to the lowest point only: behind it the loss rises, and what falls there is noise.
    slopes = [smoothed[k + 1] - smoothed[k] for k in range(max(1, lowest))]
    steepest = rates[min(range(len(slopes)), key=slopes.__getitem__)]
    return RateCurve(tuple(rates), tuple(losses), tuple(smoothed), steepest, min(steepest, rates[lowest] / 10))
