"""The speed chooser: ways to compute the training, timed side by side on this machine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from PySide6.QtWidgets import QWidget

from engine.events import Event
from engine.job import Job
from engine.training.spec import TrainingSpec
from engine.training.speed import PLAIN, ChooseSpeedJob, SpeedReport, Way, WayTried
from gui.context import Context
from gui.training.tool_dialog import ToolDialog
from gui.widgets.table import Column, Table
from gui.widgets.words import percent, rate

ABOUT = (
    "The training is begun in several ways, each for a few seconds: memory layout, 16-bit numbers, torch.compile and "
    "threads. The fastest way is taken whose losses stay within 2 % of the plain one."
)
COLUMNS = (
    Column("Way"),
    Column("Speed", lambda value: rate(value, "samples"), "Samples per second", number=True),
    Column("Against plain", lambda value: f"{value:.2f}×", "How many times as fast as the plain way", number=True),
    Column("Loss differs", lambda value: percent(value, 2), "Largest difference over the first steps", number=True),
    Column("Result", help="Which one is taken, and why others cannot be"),
)
WORDS = {"channels_last": "Channels last", "compile": "Compile", "precision": "Precision", "threads": "Threads",
         "readers": "Readers"}  # fmt: skip
NOTABLE = 1.03  # times the plain way: less may be chance


class SpeedDialog(ToolDialog):
    """Times the ways to compute and puts the best into the settings."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context, "Choose the fastest way", ABOUT, "Measure again", "Take the fastest", parent)
        self._ways: list[Way] = []
        self.table = Table(COLUMNS, "Ways to compute", self, roomy=False)
        self.table.hide()
        self.body.addWidget(self.table, 1)

    def job(self) -> Job:
        document = self.context.document
        return ChooseSpeedJob(document.project, document.folder)

    def show_begun(self) -> None:
        self._ways = []
        self.waiting.setText("Each way is listed here once it has been timed. The plain one comes first.")
        self.waiting.show()
        self.table.hide()

    def show_part(self, event: Event) -> None:
        if isinstance(event, WayTried):
            self._ways.append(event.way)
            self._list(None)

    def show_result(self, result: SpeedReport) -> str:
        self._ways = list(result.ways)
        self._list(result.best)
        plain, best = result.ways[0], result.best
        times = best.rate / plain.rate if plain.rate else math.nan
        if not times > NOTABLE:
            return "Nothing is notably faster than the plain way on this machine, so there is no need to take anything."
        drift = f"; its losses differ by {percent(best.drift, 2)} at most" if not math.isnan(best.drift) else ""
        return f"Fastest: {best.name}, {times:.2f} times the plain way{drift}. Taking it sets {_told(best.settings)}."

    def _list(self, best: Way | None) -> None:
        self.waiting.hide()
        self.table.show()
        plain = self._ways[0].rate or math.nan
        self.table.set_rows(
            [
                (
                    f"{way.name[:1].upper()}{way.name[1:]}",
                    way.rate or None,
                    way.rate / plain if way.rate else None,
                    None if math.isnan(way.drift) else way.drift,
                    _short(way.problem) or ("Fastest" if way is best else ""),
                )
                for way in self._ways
            ]
        )

    def taken(self, before: TrainingSpec, after: TrainingSpec) -> str:
        changed = [(name, getattr(after, name)) for name in WORDS if getattr(after, name) != getattr(before, name)]
        return _told(changed)

    def changes(self, result: SpeedReport) -> dict[str, Any]:
        return {**PLAIN, **dict(result.best.settings)}


def _told(settings: Iterable[tuple[str, object]]) -> str:
    """Settings in words, such as "Precision mixed, Threads 2"."""
    words = []
    for name, value in settings:
        shown = "automatic" if value is None else ("off", "on")[value] if isinstance(value, bool) else value
        words.append(f"{WORDS.get(name, name)} {shown}")
    return ", ".join(words)


def _short(problem: str) -> str:
    """The first sentence, which has room in a row."""
    return problem.split(". ")[0].rstrip(".")
