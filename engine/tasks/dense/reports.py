"""What the evaluation of each task tells besides its measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.annotation import BACKGROUND
from engine.tasks.dense.colours import class_colours
from engine.tasks.dense.confusion import (
    RegionMeter,
    class_dice,
    class_iou,
    class_precision,
    class_recall,
)
from engine.tasks.dense.edge_measures import EdgeMeter, curve_of
from engine.tasks.dense.normal_measures import NormalMeter
from engine.tasks.dense.restoring import RestoringMeter
from engine.tasks.report import Cell, Line, Matrix, Plot, Table, TaskReport

if TYPE_CHECKING:
    from engine.tasks.base import Sketch

_DEGREES = 60
"""How far the plot of angles goes."""


def region_report(meter: RegionMeter, classes: tuple[str, ...], sketches: Sequence[Sketch]) -> TaskReport:
    """IoU, Dice, precision and recall of every class, what was taken for what, and how the pictures differ."""
    counts = meter.counts
    columns = [class_iou(counts), class_dice(counts), class_precision(counts), class_recall(counts)]
    rows: list[tuple[Cell, ...]] = [
        (name, *(_cell(column[k]) for column in columns), int(counts[k].sum()), int(counts[:, k].sum()))
        for k, name in enumerate(classes)
    ]
    titles = ("class", "IoU %", "Dice %", "precision %", "recall %", "pixels", "found")
    return TaskReport(
        dict(meter.result()),
        tables=(Table("Classes", titles, tuple(rows)),),
        plots=_sorted_plot("Pictures by IoU", "mean IoU of a picture", meter.of_pictures()),
        matrix=Matrix("Pixels: truth and answer", counts, classes, ("pixel", "pixels")),
        examples=tuple(sketches),
        legend=tuple((name, _colour(k)) for k, name in enumerate(classes) if k != BACKGROUND),
    )


def edge_report(meter: EdgeMeter, sketches: Sequence[Sketch]) -> TaskReport:
    """Precision over recall, and all three measures over the threshold."""
    counts = meter.counts
    curve = curve_of(counts.sum(0))
    plots = (
        Plot(
            "Precision and recall",
            "recall",
            "precision",
            (Line("all thresholds", *_defined(curve.recall, curve.precision)),),
        ),
        Plot(
            "By threshold",
            "threshold",
            "share",
            tuple(
                Line(name, *_defined(curve.threshold, values))
                for name, values in (("F-measure", curve.f), ("precision", curve.precision), ("recall", curve.recall))
            ),
        ),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            round(float(curve.threshold[k]), 2),
            *(_cell(column[k]) for column in (curve.precision, curve.recall, curve.f)),
        )
        for k in range(9, len(curve.threshold), 10)
    ]
    table = Table("Thresholds", ("threshold", "precision %", "recall %", "F-measure %"), tuple(rows))
    return TaskReport(dict(meter.result()), tables=(table,), plots=plots, examples=tuple(sketches))


def normal_report(meter: NormalMeter, sketches: Sequence[Sketch]) -> TaskReport:
    """How many pixels lie within which angle, and how the pictures differ."""
    counts = meter.counts
    plots: tuple[Plot, ...] = ()
    rows: list[tuple[Cell, ...]] = []
    if counts[0].sum():
        below, slanted = (np.cumsum(row) / max(row.sum(), 1) for row in counts)
        steps = (len(below) - 1) // 180
        degrees = np.arange(0, _DEGREES + 0.25, 0.5)
        places = (degrees * steps).astype(int)
        lines = (Line("all", degrees, below[places]), Line("slanted surfaces", degrees, slanted[places], dashed=True))
        plots = (
            Plot("Pixels within an angle", "angular error in degrees", "share of the pixels", lines),
            *_sorted_plot("Pictures by error", "mean error of a picture in degrees", meter.of_pictures()),
        )
        rows = [
            (f"{angle:g}°", *(float(one[round(angle * steps)]) for one in (below, slanted)))
            for angle in (5, 7.5, 11.25, 22.5, 30, 45, 90)
        ]
    table = Table("Within an angle", ("angular error up to", "pixels %", "slanted pixels %"), tuple(rows))
    return TaskReport(dict(meter.result()), tables=(table,), plots=plots, examples=tuple(sketches))


def restored_report(meter: RestoringMeter, sketches: Sequence[Sketch]) -> TaskReport:
    """How the pictures differ, before and after."""
    found = meter.of_pictures()
    if not found:
        return TaskReport({}, examples=tuple(sketches))
    lines = tuple(_sorted_line(name, found[key]) for name, key in (("restored", "psnr"), ("given", "given")))
    gain = found["psnr"] - found["given"]
    columns = ((found["given"], "given"), (found["psnr"], "restored"), (gain, "gain"))
    rows: list[tuple[Cell, ...]] = [
        (name, *(round(float(value), 2) for value in (array.min(), np.median(array), array.mean(), array.max())))
        for array, name in columns
    ]
    table = Table("PSNR in dB", ("picture", "worst", "median", "mean", "best"), tuple(rows))
    plot = Plot("Pictures by PSNR", "share of the pictures", "PSNR in dB", lines)
    return TaskReport(dict(meter.result()), tables=(table,), plots=(plot,), examples=tuple(sketches))


def _colour(number: int) -> tuple[int, int, int]:
    """RGB of a pixel class."""
    red, green, blue = class_colours()[number].tolist()
    return red, green, blue


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _defined(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = ~(np.isnan(x) | np.isnan(y))
    return x[both], y[both]


def _sorted_line(name: str, values: np.ndarray) -> Line:
    """Values in ascending order over the share of the pictures that are no better."""
    known = np.sort(values[~np.isnan(values)])
    return Line(name, np.linspace(0, 1, len(known)), known)


def _sorted_plot(title: str, y: str, values: np.ndarray) -> tuple[Plot, ...]:
    line = _sorted_line("pictures", values)
    return (Plot(title, "share of the pictures", y, (line,)),) if len(line.y) else ()
