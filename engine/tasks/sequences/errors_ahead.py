"""How far forecasts are from what came, step by step, and beside forecasts that need no network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.datasets.sequences.units import Units
from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.report import Line, Plot, Table
from engine.tasks.sequences.baselines import LinearForecast, persistence

NETWORK, PERSISTENCE, LINEAR = "network", "persistence", "linear forecast"
PLOTTED = 6
"""Values of a step that get a plot of their own, the first ones."""


class ForecastMeter(Meter):
    """Adds up errors.

    They are told in the values' own units. Where several values were scaled, each by its own deviation, no unit is
    common to them: then what is told of all of them together is in deviations, and of each by itself in its unit.

    Skill is 1 − MSE / MSE of the simple forecast: 1 is perfect, 0 no better than it, below 0 worse (Murphy, "Skill
    Scores Based on the Mean Square Error", Monthly Weather Review 1988).

    Args:
        linear: a linear forecast to compare with, or None.
        full: measure the simple forecasts, too, whose errors never change.
        lag: how far ahead every step looks, where the future overlaps what was read; only the last one is measured
            then, since the others were read. 0 where the whole future is to come.
        units: of the values; None where they have no names and are as they were measured.
    """

    def __init__(
        self, linear: LinearForecast | None = None, lag: int = 0, full: bool = True, units: Units | None = None
    ) -> None:
        self._linear = linear
        self._full = full
        self._lag = lag
        self._units = units
        common = 1.0 if units is None else units.common
        self._mixed = common is None
        self._factor = 1.0 if common is None else common
        self._squares: dict[str, np.ndarray] = {}  # by forecast: (H, F), summed over sequences
        self._absolute = np.zeros(0)  # (F,), of the network, summed over sequences and steps
        self._count = 0  # sequences

    def add(self, answers: Answers, batch: Batch) -> None:
        read = batch.inputs[0].cpu().numpy()
        future = batch.targets["future"].cpu().numpy().astype(np.float64)
        guess = answers["future"].float().cpu().numpy()
        if self._lag:
            future, guess = future[:, -1:], guess[:, -1:]
        ahead, values = future.shape[1:]
        guesses = {NETWORK: guess, PERSISTENCE: persistence(read, ahead)}
        if self._linear is not None:
            guesses[LINEAR] = self._linear(read, ahead)
        for name, guess in guesses.items():
            squares = ((guess - future) ** 2).sum(0)
            self._squares[name] = self._squares.get(name, np.zeros((ahead, values))) + squares
        absolute = np.abs(guesses[NETWORK] - future).sum((0, 1))
        self._absolute = absolute if not self._count else self._absolute + absolute
        self._count += len(future)

    def result(self) -> Mapping[str, float]:
        if not self._count:
            return {}
        mean = {name: float(squares.mean()) / self._count for name, squares in self._squares.items()}
        steps, values = self._squares[NETWORK].shape
        measures = {
            "rmse": mean[NETWORK] ** 0.5 * self._factor,
            "mae": float(self._absolute.sum()) / (self._count * steps * values) * self._factor,
        }
        for name, word in ((PERSISTENCE, "persistence"), (LINEAR, "linear")):
            if name in mean:
                if self._full:
                    measures[f"rmse_{word}"] = mean[name] ** 0.5 * self._factor
                if mean[name] > 0:
                    measures[f"skill_{word}"] = 1 - mean[NETWORK] / mean[name]
        return measures

    def tables(self) -> tuple[Table, ...]:
        """The root of the mean squared error at every step to come, of each forecast; first of each value by itself."""
        errors = self._by_step()
        steps = len(next(iter(errors.values()), ()))
        first = self._lag or 1
        rows = tuple((first + step, *(float(error[step]) for error in errors.values())) for step in range(steps))
        title = "RMSE of all, in deviations" if self._mixed else f"RMSE{self._of()} by how far ahead"
        by_step = Table(title, ("steps ahead", *errors), rows)
        return (self._by_value(), by_step) if self._several and self._count else (by_step,)

    def plots(self) -> tuple[Plot, ...]:
        """The same as lines, of all values together and of each by itself."""
        if not self._several or self._units is None:
            return (self._plot("Error by how far ahead", f"RMSE{self._of()}", self._by_step()),)
        single = (
            self._plot(f"Error of {name}", f"RMSE of {name}", self._by_step(place))
            for place, name in enumerate(self._units.names[:PLOTTED])
        )
        axis = "RMSE in standard deviations" if self._mixed else "RMSE"
        return *single, self._plot("Error of all", axis, self._by_step())

    @property
    def _several(self) -> bool:
        return self._units is not None and len(self._units.names) > 1

    def _of(self) -> str:
        """The value that is meant, where there is one and it has a name."""
        return f" of {self._units.names[0]}" if self._units is not None and not self._several else ""

    def _by_value(self) -> Table:
        assert self._units is not None
        steps = len(self._squares[NETWORK])
        mean = {name: squares.sum(0) / (self._count * steps) for name, squares in self._squares.items()}
        rows = []
        for place, (name, deviation) in enumerate(zip(self._units.names, self._units.deviation.tolist(), strict=True)):
            roots = (float(squares[place]) ** 0.5 * deviation for squares in mean.values())
            absolute = float(self._absolute[place]) / (self._count * steps) * deviation
            rows.append((name, absolute, *roots))
        return Table("Each column in its own unit", ("column", "MAE", *(f"RMSE, {name}" for name in mean)), tuple(rows))

    def _plot(self, title: str, y: str, errors: Mapping[str, np.ndarray]) -> Plot:
        lines = tuple(
            Line(name, (self._lag or 1) + np.arange(len(error), dtype=np.float64), error, dashed=name != NETWORK)
            for name, error in errors.items()
        )
        return Plot(title, "steps ahead", y, lines)

    def _by_step(self, value: int | None = None) -> dict[str, np.ndarray]:
        """By forecast: (H,), of all values together, or of one in its own unit."""
        count = max(self._count, 1)
        if value is None:
            return {name: np.sqrt(squares.mean(1) / count) * self._factor for name, squares in self._squares.items()}
        assert self._units is not None
        factor = self._units.deviation[value]
        return {name: np.sqrt(squares[:, value] / count) * factor for name, squares in self._squares.items()}
