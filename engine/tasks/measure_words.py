"""Measures as a person reads them: their names, values and units, whatever task they belong to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from engine.tasks.base import TASKS, Task
from engine.tasks.report import Cell
from engine.words import figure, percent

_SUFFIXES = (("_macro", ", mean over classes"), ("_weighted", ", weighted mean"))


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, str]]:
    """Words and unit of every measure of every task; the plainest task's where several use one name."""
    known: dict[str, tuple[str, str]] = {}
    for task in TASKS:
        for name, words in TASKS.get(task).measures.items():
            known.setdefault(name, words)
    return known


def _words(name: str, task: str) -> tuple[str, str]:
    own = TASKS.get(task).measures if task in TASKS else {}
    return own.get(name) or _known().get(name) or (name.replace("_", " ").strip(), "")


def measure_title(name: str, task: str = "") -> str:
    """A measure's name: "f1_macro" becomes "F1, mean over classes", "loss_box" "Loss: box".

    Several tasks have measures of one name, such as a recall of boxes and one of edges; `task` says which is meant.
    """
    if name.startswith("loss_"):
        return f"Loss: {name.removeprefix('loss_').replace('_', ' ')}"
    for suffix, words in _SUFFIXES:
        if name.endswith(suffix):
            return capital(name.removesuffix(suffix).replace("_", " ")) + words
    return capital(_words(name, task)[0])


def is_share(name: str, task: str = "") -> bool:
    """Whether a measure lies between 0 and 1 and is read in per cent."""
    return _words(name, task)[1] == "share"


def measure_value(name: str, value: float | None, task: str = "") -> str:
    """The value with its unit; a dash for what is not defined."""
    if value is None or not math.isfinite(value):
        return "–"
    unit = _words(name, task)[1]
    if unit == "share":
        return percent(value)
    if unit in ("°", "dB"):
        return f"{value:.1f}{'' if unit == '°' else ' '}{unit}"
    return f"{figure(value)} {unit}".strip()


def in_order(measures: Mapping[str, float], task: str) -> list[str]:
    """The names as a person reads them: the one that counts first, the loss and its terms last."""
    headline = headline_of(task)
    return sorted(measures, key=lambda name: (name.startswith("loss"), name != headline))


def headline_of(task: str) -> str:
    """The measure by which a task's best epoch is chosen; "" where there is none."""
    return TASKS.get(task).headline if task in TASKS else ""


def column_show(values: Sequence[Cell], column: str) -> Callable[[Cell], str]:
    """How the values of a report's column are written: its numbers all with the digits that the largest needs."""
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    largest = max(map(abs, numbers), default=0.0)
    if column.endswith("%") or largest < 1e-3 or largest >= 1e5:
        return lambda value: cell_text(value, column)
    most = max(0, 3 - max(0, math.floor(math.log10(largest))))
    digits = next((d for d in range(most) if all(abs(value - round(value, d)) < 1e-9 for value in numbers)), most)

    def show(value: Cell) -> str:
        known = isinstance(value, float) and math.isfinite(value)
        return f"{value:.{digits}f}" if known else cell_text(value, column)

    return show


def cell_text(value: Cell, column: str) -> str:
    """One value of a report's table: columns whose title ends with "%" hold shares; a dash for what is undefined."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return percent(value) if column.endswith("%") else figure(value)
    return f"{value:,}" if isinstance(value, int) else value


def column_title(column: str) -> str:
    """The title of a report's column, without the "%" that its values carry."""
    return capital(column.removesuffix("%").strip() or column)


def capital(words: str) -> str:
    """With a capital at the beginning, as titles have."""
    return words if words.startswith("mAP") else words[:1].upper() + words[1:]


def sample_words(task: str) -> tuple[str, str]:
    """What is counted when a task is measured, one and several of it."""
    kind = TASKS.get(task) if task in TASKS else Task
    if kind.rounds is not Task.rounds:
        return "round", "rounds"
    return {"series": ("sequence", "sequences"), "text": ("excerpt", "excerpts")}.get(
        kind.kind, ("picture", "pictures")
    )
