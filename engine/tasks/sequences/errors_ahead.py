"""How far forecasts are from what came, step by step, and beside forecasts that need no network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.report import Line, Plot, Table
from engine.tasks.sequences.baselines import LinearForecast, persistence

NETWORK, PERSISTENCE, LINEAR = "network", "persistence", "linear forecast"


class ForecastMeter(Meter):
    """Adds up errors.

    Skill is 1 − MSE / MSE of the simple forecast: 1 is perfect, 0 no better than it, below 0 worse (Murphy, "Skill
    Scores Based on the Mean Square Error", Monthly Weather Review 1988).

    Args:
        linear: a linear forecast to compare with, or None.
        full: measure the simple forecasts, too, whose errors never change.
        lag: how far ahead every step looks, where the future overlaps what was read; only the last one is measured
            then, since the others were read. 0 where the whole future is to come.
    """

    def __init__(self, linear: LinearForecast | None = None, lag: int = 0, full: bool = True) -> None:
        self._linear = linear
        self._full = full
        self._lag = lag
        self._squares: dict[str, np.ndarray] = {}  # by forecast: (H,), summed over sequences and values
        self._absolute = 0.0
        self._count = 0  # summands at each step

    def add(self, answers: Answers, batch: Batch) -> None:
        read = batch.inputs[0].cpu().numpy()
        future = batch.targets["future"].cpu().numpy().astype(np.float64)
        guess = answers["future"].float().cpu().numpy()
        if self._lag:
            future, guess = future[:, -1:], guess[:, -1:]
        ahead = future.shape[1]
        guesses = {NETWORK: guess, PERSISTENCE: persistence(read, ahead)}
        if self._linear is not None:
            guesses[LINEAR] = self._linear(read, ahead)
        for name, guess in guesses.items():
            squares = ((guess - future) ** 2).sum((0, 2))
            self._squares[name] = self._squares.get(name, np.zeros(ahead)) + squares
        self._absolute += float(np.abs(guesses[NETWORK] - future).sum())
        self._count += future.shape[0] * future.shape[2]

    def result(self) -> Mapping[str, float]:
        if not self._count:
            return {}
        mean = {name: float(squares.mean()) / self._count for name, squares in self._squares.items()}
        steps = len(self._squares[NETWORK])
        measures = {"rmse": mean[NETWORK] ** 0.5, "mae": self._absolute / (self._count * steps)}
        for name, word in ((PERSISTENCE, "persistence"), (LINEAR, "linear")):
            if name in mean:
                if self._full:
                    measures[f"rmse_{word}"] = mean[name] ** 0.5
                if mean[name] > 0:
                    measures[f"skill_{word}"] = 1 - mean[NETWORK] / mean[name]
        return measures

    def by_step(self) -> Table:
        """The root of the mean squared error at every step to come, of each forecast."""
        errors = self._by_step()
        steps = len(next(iter(errors.values()), ()))
        first = self._lag or 1
        rows = tuple((first + step, *(float(error[step]) for error in errors.values())) for step in range(steps))
        return Table("RMSE by how far ahead", ("steps ahead", *errors), rows)

    def curve(self) -> Plot:
        """The same as lines."""
        lines = tuple(
            Line(name, (self._lag or 1) + np.arange(len(error), dtype=np.float64), error, dashed=name != NETWORK)
            for name, error in self._by_step().items()
        )
        return Plot("Error by how far ahead", "steps ahead", "RMSE", lines)

    def _by_step(self) -> dict[str, np.ndarray]:
        return {name: np.sqrt(squares / max(self._count, 1)) for name, squares in self._squares.items()}
