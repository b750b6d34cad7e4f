"""The curves of one run: read from its lines, or growing while it trains. No widget."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from engine.training.events import EpochDone, RunStarted, StepsDone
from gui.widgets.curves import Curve, CurveStyle
from gui.widgets.live_plot import Mark
from gui.widgets.measure_words import measure_value

TRAINING, VALIDATION = "training", "validation"
PLOTS = ("loss", "measure", "rate", "norm")


class RunCurves:
    """Curves by plot and kind; the page puts those of the runs that are shown into its plots.

    Args:
        name: of the run.
        hue: which of the theme's series colours it has.
    """

    def __init__(self, name: str, hue: int) -> None:
        self.name = name
        self.hue = hue
        self.live = False  # filled by events, which tell more than the lines of the file
        self.measures: dict[str, Curve] = {}  # "train_accuracy", "val_accuracy", ...
        self._curves: dict[tuple[str, str], Curve] = {}
        self._rows = 0
        self._cut = False
        self._steps_per_epoch = 1
        self._minutes = 0.0  # of the last point, since points must not go backwards
        self._best: tuple[tuple[float, float, float], float | None, Mapping[str, float]] | None = None

    def curves(self, measure: str) -> dict[tuple[str, str], Curve]:
        """Every curve by (plot, kind); those of `measure` stand for the plot of measures."""
        found = {key: curve for key, curve in self._curves.items() if len(curve)}
        for part, kind in (("train", TRAINING), ("val", VALIDATION)):
            curve = self.measures.get(f"{part}_{measure}")
            if curve is not None and len(curve):
                found["measure", kind] = curve
        return found

    def measure_names(self) -> list[str]:
        """The measures that this run has, such as "accuracy"."""
        return list(dict.fromkeys(re.sub(r"^(train|val)_", "", name) for name in self.measures))

    def best_mark(self, plot: str, measure: str, told: bool) -> Mark | None:
        """The star of the best epoch in the plot of losses or measures; with its words when `told`."""
        if self._best is None:
            return None
        x, loss, measures = self._best
        value = loss if plot == "loss" else measures.get(f"val_{measure}")
        if value is None or not math.isfinite(value):
            return None
        shown = f"{value:.3f}" if plot == "loss" else measure_value(measure, value)
        return Mark(x, value, self.hue, f"best epoch {x[1]:.0f} · {shown}" if told else "")

    # from the file

    def read(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Take the lines of `metrics.csv`, one per epoch; a run filled by events knows better and stays."""
        if self.live or len(rows) == self._rows:
            return
        self._clear()
        self._rows = len(rows)
        for row in rows:
            self._row(row)

    def _row(self, row: Mapping[str, float]) -> None:
        x = (row.get("step", row["epoch"]), row["epoch"], row.get("seconds", 0.0) / 60)
        self._minutes = x[2]
        self._steps_per_epoch = max(1, round(x[0] / x[1])) if x[1] else 1
        for plot, kind, column in (
            ("loss", TRAINING, "train_loss"),
            ("loss", VALIDATION, "val_loss"),
            ("rate", TRAINING, "learning_rate"),
            ("norm", TRAINING, "gradient_norm"),
        ):
            if column in row:
                self._point((plot, kind), x, row[column])
        measures = {name: value for name, value in row.items() if name.startswith(("train_", "val_"))}
        self._measured(x, {name: value for name, value in measures.items() if not name.endswith("_loss")})
        if row.get("best"):
            self._best = (x, row.get("val_loss"), measures)

    # from events

    def begin(self, info: RunStarted, rows: Sequence[Mapping[str, float]] = ()) -> None:
        """A training starts, or goes on after `first_epoch` of the epochs in `rows`."""
        self._cut = self.live and info.first_epoch > 0
        if not self._cut:
            self._clear()
            for row in rows:
                if row["epoch"] <= info.first_epoch:
                    self._row(row)
        self._steps_per_epoch = max(1, info.steps_per_epoch)
        self.live = True

    def steps(self, event: StepsDone, minutes: float) -> None:
        """Add a handful of steps that ended at `minutes` of training."""
        if self._cut:
            self._cut_after(event.steps[0] - 1)
        count = len(event.steps)
        minutes = max(minutes, self._minutes)
        spread = [self._minutes + (minutes - self._minutes) * (k + 1) / count for k in range(count)]
        epochs = [step / self._steps_per_epoch for step in event.steps]
        self._minutes = minutes
        for plot, values in (
            ("loss", event.losses),
            ("rate", event.learning_rates),
            ("norm", event.gradient_norms),
        ):
            self._curve((plot, TRAINING)).append(event.steps, epochs, spread, values)

    def epoch(self, event: EpochDone) -> None:
        """Add the end of an epoch."""
        self._minutes = max(event.seconds / 60, self._minutes)
        x = (float(event.step), float(event.epoch), self._minutes)
        if event.val_loss is not None:
            self._point(("loss", VALIDATION), x, event.val_loss)
        self._measured(x, event.measures)
        if event.best:
            self._best = (x, event.val_loss, dict(event.measures))

    # inside

    def _clear(self) -> None:
        self._curves.clear()
        self.measures.clear()
        self._best = None
        self._minutes = 0.0
        self._rows = 0

    def _cut_after(self, step: int) -> None:
        """Forget what comes after the checkpoint that the training goes on from: it is trained again."""
        self._cut = False
        for curve in (*self._curves.values(), *self.measures.values()):
            curve.cut_after(step)
        self._minutes = max((float(c.x("minutes")[-1]) for c in self._curves.values() if len(c)), default=0.0)

    def _curve(self, key: tuple[str, str]) -> Curve:
        if key not in self._curves:
            self._curves[key] = Curve(CurveStyle(self.name, key[1], self.hue, key[1] == VALIDATION))
        return self._curves[key]

    def _measured(self, x: tuple[float, float, float], measures: Mapping[str, float]) -> None:
        for name, value in measures.items():
            if name not in self.measures:
                kind = VALIDATION if name.startswith("val_") else TRAINING
                self.measures[name] = Curve(CurveStyle(self.name, kind, self.hue, kind == VALIDATION))
            self._append(self.measures[name], x, value)

    def _point(self, key: tuple[str, str], x: tuple[float, float, float], value: float) -> None:
        self._append(self._curve(key), x, value)

    def _append(self, curve: Curve, x: tuple[float, float, float], value: float) -> None:
        curve.append([x[0]], [x[1]], [x[2]], [value])


def hue_of(name: str, order: int) -> int:
    """The hue of a run: by the number in its name, so that it stays when others come and go, else by its place."""
    found = re.fullmatch(r"run-(\d{1,9})", name)
    return int(found[1]) - 1 if found else order
