"""What an evaluation tells: measures, tables, curves and pictures, without a word of how they are laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.tasks.base import Sketch

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows of values; None means undefined. A column whose title ends with "%" holds shares of 0..1."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a plot: float64 (P,) each."""

    name: str
    x: np.ndarray
    y: np.ndarray
    dashed: bool = False


@dataclass(frozen=True, eq=False)
class Plot:
    """Lines over one pair of axes, such as precision over recall."""

    title: str
    x: str
    y: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False)
class Matrix:
    """Counts, int64 (K, K): rows are the truth, columns what it was taken for; `counted` is one and several of it."""

    title: str
    counts: np.ndarray
    classes: tuple[str, ...]
    counted: tuple[str, str] = ("picture", "pictures")


@dataclass(frozen=True, eq=False)
class TaskReport:
    """An evaluation of any task. Plain and picklable.

    Attributes:
        measures: values by name; `Task.measures` has their words and units.
        words: a text that the network wrote, or ""; shown as it is.
        examples: samples with truth and answer.
        legend: what the colours in the examples mean, each RGB in 0..255.
    """

    measures: Mapping[str, float]
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    matrix: Matrix | None = None
    examples: tuple[Sketch, ...] = field(default_factory=tuple)
    words: str = ""
    legend: tuple[tuple[str, tuple[int, int, int]], ...] = ()
