"""`metrics.csv`: one line per epoch, flushed at once, and cut back to the checkpoint when a run is resumed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from engine.project.atomic import write_atomic
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.run_folder import METRICS_FILE
from engine.training.trainer import EpochResult, Trainer

Row = dict[str, float]


class MetricsFile(Callback):
    """Appends the numbers of every epoch. The checkpoint holds them too, so that file and weights never disagree."""

    key: ClassVar[str] = "metrics"

    def __init__(self, run_dir: Path, best: BestWeights) -> None:
        self._path = run_dir / METRICS_FILE
        self._best = best
        self.rows: list[Row] = []

    def started(self, trainer: Trainer) -> None:
        write_atomic(self._path, _csv(self.rows, header=True))

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        row = row_of(result, best=self._best.epoch == result.epoch)
        known = columns(self.rows)
        self.rows.append(row)
        if columns(self.rows) != known:
            # The first epoch, or one with a measure that could not be told before.
            write_atomic(self._path, _csv(self.rows, header=True))
            return
        with self._path.open("ab") as file:
            file.write(_csv(self.rows, header=False, last=True))

    def state(self) -> dict[str, Any]:
        return {"rows": [dict(row) for row in self.rows]}

    def load(self, state: Mapping[str, Any]) -> None:
        self.rows = [{str(name): float(value) for name, value in row.items()} for row in state["rows"]]


def row_of(result: EpochResult, best: bool) -> Row:
    """The columns of one epoch, in the order of the file."""
    return {
        "epoch": result.epoch,
        "step": result.step,
        "seconds": round(result.seconds, 3),
        "learning_rate": result.learning_rate,
        "gradient_norm": result.gradient_norm,
        "train_loss": result.train_loss,
        "val_loss": result.val_loss,
        **result.measures,
        "best": int(best),
    }


def columns(rows: list[Row]) -> list[str]:
    """The names of all numbers in their order; what only later epochs have stands before the mark of the best."""
    names = dict.fromkeys(name for row in rows for name in row if name != "best")
    return [*names, "best"] if rows else []


def _csv(rows: list[Row], header: bool, last: bool = False) -> bytes:
    """The rows (or the last of them) as CSV; what is not defined, or not finite, stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = columns(rows)
    if rows and header:
        writer.writerow(names)
    for row in rows[-1:] if last else rows:
        values = [row.get(name, math.nan) for name in names]
        writer.writerow(_number(value) if math.isfinite(value) else "" for value in values)
    return text.getvalue().encode("utf-8")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))
