"""The speed chooser: ways to compute the training, timed side by side on this machine."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtWidgets import QWidget

from engine.job import Job
from engine.training.speed import ChooseSpeedJob, SpeedReport
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
    Column("Against plain", lambda value: f"{value:.2f}×", "How many times as fast", number=True),
    Column("Loss differs", lambda value: percent(value, 2), "Largest difference over the first steps", number=True),
    Column("", help="Why it cannot be taken"),
)


class SpeedDialog(ToolDialog):
    """Times the ways to compute and puts the best into the settings."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context, "Choose the fastest way", ABOUT, "Measure again", "Take the fastest", parent)
        self.table = Table(COLUMNS, "Ways to compute", self)
        self.body.addWidget(self.table, 1)

    def job(self) -> Job:
        document = self.context.document
        return ChooseSpeedJob(document.project, document.folder)

    def show_result(self, result: SpeedReport) -> str:
        plain = result.ways[0].rate or math.nan
        self.table.set_rows(
            [
                (
                    way.name,
                    way.rate or None,
                    way.rate / plain if way.rate else None,
                    None if math.isnan(way.drift) else way.drift,
                    way.problem or ("fastest" if way is result.best else ""),
                )
                for way in result.ways
            ]
        )
        if result.best.rate <= 1.03 * plain:
            return "Nothing is notably faster than the plain way on this machine."
        return f"Fastest: {result.best.name}, {result.best.rate / plain:.2f} times the plain way."

    def changes(self, result: SpeedReport) -> dict[str, Any]:
        plain = {"channels_last": False, "compile": False, "precision": "float32", "threads": None}
        return {**plain, **dict(result.best.settings)}
