"""Sequences from a table of the user's own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, Fault, SampleSet, SeriesSet
from engine.datasets.sequences.table import Table, read_table
from engine.datasets.sequences.units import Units
from engine.datasets.sequences.windows import Windows
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.idle import counts_if

_ROWS, _COLUMNS = counts_if(layout=["rows"]), counts_if(layout=["columns"])


@DATASETS.register("series_table")
class SeriesTable(DatasetSource):
    """Your own sequences from a CSV file whose first line names the columns.

    One series in each row: a column holds its class, the others its values one after the other; the task is to tell
    the classes apart. Or steps downwards: every row is a moment and every column a measured value; the task is to
    foretell how they go on, as with the generated course of time, and rows are cut into windows in the same way.
    """

    label = "Sequences from a table"
    help = "Your own series from a CSV file: one in each row with its class, or moments downwards to foretell."
    kind = "series"
    gives: ClassVar[tuple[str, ...]] = ("label", "future")

    file: str = Field("", max_length=4000, description="The CSV file.", json_schema_extra={"path": "file"})
    layout: Literal["rows", "columns"] = Field(
        "rows", description="One series in each row with its class, or moments downwards with a column per value."
    )
    label_column: str = Field(
        "label", max_length=200, description="The column that holds the class.", json_schema_extra=_ROWS
    )
    features: int = Field(
        1, ge=1, le=1000, description="How many neighbouring cells are one step.", json_schema_extra=_ROWS
    )
    columns: str = Field(
        "",
        max_length=4000,
        description="The columns to use, with commas between; empty takes all with numbers.",
        json_schema_extra=_COLUMNS,
    )
    steps: int = Field(48, ge=1, le=4096, description="Values that the network sees.", json_schema_extra=_COLUMNS)
    horizon: int = Field(12, ge=1, le=1024, description="Values ahead that it foretells.", json_schema_extra=_COLUMNS)
    every_step: bool = Field(
        False,
        title="Ask at every step",
        description="Ask at every step for the value the horizon ahead, not after the window.",
        json_schema_extra=_COLUMNS,
    )
    every: int = Field(
        1,
        ge=1,
        le=4096,
        title="Window every",
        description="A window begins every so many steps.",
        json_schema_extra=_COLUMNS,
    )
    scale: bool = Field(
        True, description="Bring values to mean 0 and deviation 1: each series by its own, columns by their training."
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        if not self.file.strip():
            raise BadInput("No table has been chosen.", "Choose a CSV file on the Data page.")
        emit(Progress("Reading the table"))
        table = read_table((root / self.file).absolute(), token)
        return self._rows(table, token) if self.layout == "rows" else self._windows(table, *self._columns(table, token))

    def learned_scale(self, root: Path, token: CancelToken) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
        """In columns: the names of those that are learned from, and the mean and deviation that scale each, (F,)."""
        course, names, _ = self._columns(read_table((root / self.file).absolute(), token), token)
        return tuple(names), *self._scale_of(course)

    def _rows(self, table: Table, token: CancelToken) -> SeriesSet:
        label_at = table.place(self.label_column)
        values_at = [at for at in range(len(table.columns)) if at != label_at]
        if not values_at or len(values_at) % self.features:
            raise BadInput(
                f"{table.path.name} has {len(values_at)} columns of values, which are no steps of {self.features}.",
                "Set how many neighbouring cells are one step on the Data page.",
            )
        good: list[list[float]] = []
        labels: list[str] = []
        names: list[str] = []
        faults = list(table.faults)
        for row, cells in _whole(table, token):
            numbers = [table.number(cells[at]) for at in values_at]
            label = cells[label_at].strip()
            wrong = next((at for at, number in zip(values_at, numbers, strict=True) if number is None), None)
            if wrong is not None:
                faults.append(table.fault(row, _no_number(cells[wrong], table.columns[wrong])))
            elif not label:
                faults.append(table.fault(row, f"The column {self.label_column} is empty, so the series has no class."))
            else:
                good.append([number for number in numbers if number is not None])
                labels.append(label)
                names.append(f"line {table.lines[row]}")
        if not good:
            raise _nothing(table, faults)
        classes = sorted(set(labels), key=lambda name: (name.casefold(), name))
        numbers_of = {name: number for number, name in enumerate(classes)}
        series = np.array(good, np.float64).reshape(len(good), -1, self.features)
        if self.scale:
            series = _scaled(series, series.mean(axis=1, keepdims=True), series.std(axis=1, keepdims=True))
        known = np.array([numbers_of[label] for label in labels], np.int64)
        return SeriesSet(series.astype(np.float32), {"label": known}, classes, known, names, faults)

    def _columns(self, table: Table, token: CancelToken) -> tuple[np.ndarray, list[str], list[Fault]]:
        """The course of the chosen columns, float64 (rows, F) with NaN in gaps, their names, and what is missing."""
        chosen = [name.strip() for name in self.columns.split(",") if name.strip()]
        places = [table.place(name) for name in chosen]
        if not places:
            # One cell that is no number makes no column of words, or a slip would take a whole column away.
            rows = [cells for _, cells in _whole(table, token)]
            known = range(len(table.columns))
            places = [at for at in known if sum(table.number(row[at]) is not None for row in rows) > len(rows) / 2]
        if not places:
            raise BadInput(f"{table.path.name} has no column of numbers.", "Choose a table with measured values.")
        course = np.full((len(table.rows), len(places)), np.nan)
        faults = list(table.faults)
        for row, cells in _whole(table, token):
            for feature, at in enumerate(places):
                number = table.number(cells[at])
                if number is None:
                    faults.append(table.fault(row, _no_number(cells[at], table.columns[at])))
                else:
                    course[row, feature] = number
        return course, [table.columns[at] for at in places], faults

    def _windows(self, table: Table, course: np.ndarray, features: list[str], faults: list[Fault]) -> SeriesSet:
        windows = self._cutting()
        starts, fixed = windows.starts(len(course), np.isnan(course).any(axis=1))
        mean, deviation = self._scale_of(course) if self.scale else (np.zeros(len(features)), np.ones(len(features)))
        deviation = np.where(deviation > 0, deviation, 1.0)
        if self.scale:
            course = _scaled(course, mean, deviation)
        inputs, future = windows.cut(course, starts)
        names = [f"line {table.lines[start]}" for start in starts.tolist()]
        units = Units(tuple(features), mean, deviation)
        targets = {"future": future}
        return SeriesSet(inputs, targets, names=names, faults=faults, fixed=fixed, features=features, units=units)

    def _cutting(self) -> Windows:
        return Windows(self.steps, self.horizon, self.every, self.every_step)

    def _scale_of(self, course: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of every column over the steps of the training."""
        learned = course[self._cutting().learned(len(course))]
        return np.nanmean(learned, axis=0), np.nanstd(learned, axis=0)


def _whole(table: Table, token: CancelToken) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows with as many cells as there are columns, with their numbers."""
    for row, cells in enumerate(table.rows):
        token.raise_if_cancelled()
        if cells:
            yield row, cells


def _scaled(values: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return np.asarray((values - mean) / np.where(deviation > 0, deviation, 1.0))


def _no_number(cell: str, column: str) -> str:
    if not cell.strip():
        return f"The column {column} is empty."
    with suppress(ValueError):
        if math.isfinite(float(cell)):
            return f"The column {column} holds {cell.strip()[:40]!r}, which is too large a number."
    return f"The column {column} holds {cell.strip()[:40]!r}, which is no number."


def _nothing(table: Table, faults: list[Fault]) -> BadInput:
    first = faults[0]
    return BadInput(f"No row of {table.path.name} can be used.", f"To begin with, {first.name}: {first.reason}")
