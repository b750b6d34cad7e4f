"""Measures as a person reads them: their names, values and units, whatever task they belong to. No Qt."""

from __future__ import annotations

import math
from functools import lru_cache

from engine.tasks.base import TASKS
from gui.widgets.field_kind import spoken_name
from gui.widgets.words import figure, percent

_SUFFIXES = (("_macro", ", mean over classes"), ("_weighted", ", weighted mean"))
_PARTS = (("train_", "training"), ("val_", "validation"))


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, str]]:
    """Words and unit of every measure of every task."""
    return {name: words for _, task in TASKS.items() for name, words in task.measures.items()}


def measure_title(name: str) -> str:
    """A measure's name: "f1_macro" becomes "F1, mean over classes", "loss_box" "Loss: box"."""
    if name.startswith("loss_"):
        return f"Loss: {name.removeprefix('loss_').replace('_', ' ')}"
    for suffix, words in _SUFFIXES:
        if name.endswith(suffix):
            return spoken_name(name.removesuffix(suffix)) + words
    words = _known()[name][0] if name in _known() else spoken_name(name)
    return words if words[:1].isupper() or words.startswith("mAP") else words[:1].upper() + words[1:]


def is_share(name: str) -> bool:
    """Whether a measure lies between 0 and 1 and is read in per cent."""
    return _known().get(name, ("", ""))[1] == "share"


def measure_value(name: str, value: float | None) -> str:
    """The value with its unit; a dash for what is not defined."""
    if value is None or not math.isfinite(value):
        return "–"
    if is_share(name):
        return percent(value)
    unit = _known().get(name, ("", ""))[1]
    if unit in ("°", "dB"):
        return f"{value:.1f}{'' if unit == '°' else ' '}{unit}"
    return f"{figure(value)} {unit}".strip()


def headline_of(task: str) -> str:
    """The measure by which a task's best epoch is chosen; "" where there is none."""
    return TASKS.get(task).headline if task in TASKS else ""
