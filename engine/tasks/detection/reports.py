"""What an evaluation of a detector tells."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.tasks.base import Sketch
from engine.tasks.detection.meter import RECALLS, BoxMeter, ClassCurve
from engine.tasks.report import Cell, Line, Plot, Table, TaskReport

LINES = 8
"""Classes that a plot shows besides the mean."""


def object_report(meter: BoxMeter, classes: Sequence[str], sketches: Sequence[Sketch]) -> TaskReport:
    """Average precision per class, precision over recall, and the pictures in which most went wrong first."""
    tables, plots = [], []
    kinds = ((True, "masks"), (False, "boxes")) if meter.masks else ((False, "boxes"),)
    for masks, word in kinds:
        curves = meter.curves(masks)
        if curves:
            tables.append(_table(curves, classes, word))
            plots.append(_plot(curves, classes, word))
    worst = sorted(sketches, key=lambda one: one.score if math.isfinite(one.score) else math.inf)
    return TaskReport(dict(meter.result()), tuple(tables), tuple(plots), examples=tuple(worst))


def _table(curves: Sequence[ClassCurve], classes: Sequence[str], word: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for curve in curves:
        best, precision, recall = _best(curve)
        shares = (curve.average(), curve.average(0.5), curve.average(0.75), precision, recall)
        rows.append((classes[curve.number], curve.objects, *(_defined(value) for value in shares), _defined(best)))
    columns = (
        "class",
        "objects",
        "AP %",
        "AP50 %",
        "AP75 %",
        "precision at best F1 %",
        "recall at best F1 %",
        "from score",
    )
    return Table(f"Each class, {word}", columns, tuple(rows))


def _best(curve: ClassCurve) -> tuple[float, float, float]:
    """The score from which on to count answers so that F1 at the overlap 0.5 is best; precision and recall there."""
    precision = curve.precision[0]
    if not np.isfinite(precision).all() or not precision.any():
        return math.nan, math.nan, math.nan
    f1 = 2 * precision * RECALLS / np.maximum(precision + RECALLS, 1e-9)
    place = int(f1.argmax())
    return float(curve.scores[0, place]), float(precision[place]), float(RECALLS[place])


def _plot(curves: Sequence[ClassCurve], classes: Sequence[str], word: str) -> Plot:
    defined = [curve for curve in curves if np.isfinite(curve.precision[0]).all()]
    most = sorted(defined, key=lambda curve: -curve.objects)[:LINES]
    lines = [Line(classes[curve.number], RECALLS, curve.precision[0]) for curve in most]
    if len(defined) > 1:
        mean = np.mean([curve.precision[0] for curve in defined], axis=0)
        lines.insert(0, Line("mean of all classes", RECALLS, mean, dashed=True))
    return Plot(f"Precision over recall at an overlap of 0.5, {word}", "recall", "precision", tuple(lines))


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
