"""The learning-rate finder: the loss over the rate, with the suggested one marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.job import Job
from engine.tasks.report import Line, Plot
from engine.training.optimisers import parse_optimiser
from engine.training.rate_finder import FindRateJob, RateCurve
from engine.training.spec import TrainingSpec
from gui.context import Context
from gui.training.tool_dialog import ToolDialog
from gui.widgets.plot_surface import Star
from gui.widgets.report_plot import ReportPlot
from gui.widgets.words import figure

ABOUT = (
    "The network is trained for a hundred steps while the learning rate rises a little with each. Where the loss falls "
    "fastest, the rate is right; where it rises again, the steps are too large."
)

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class RateDialog(ToolDialog):
    """Finds a learning rate and puts it into the optimiser's settings."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context, "Find a learning rate", ABOUT, "Try again", "Use this rate", parent)
        self.plot: ReportPlot | None = None

    def job(self) -> Job:
        document = self.context.document
        return FindRateJob(document.project, document.folder)

    def show_begun(self) -> None:
        self._clear()
        self.waiting.setText("The loss over the learning rate is drawn here when all rates have been tried.")
        self.waiting.show()

    def show_result(self, result: RateCurve) -> str:
        self._clear()
        self.waiting.hide()
        x, smoothed = np.log10(np.array(result.rates)), np.array(result.smoothed)
        lines = (
            Line("Smoothed", x, smoothed),
            Line("Each batch", x, np.array(result.losses), dashed=True),
        )
        self.plot = ReportPlot(Plot("Learning rates", "Learning rate", "Loss", lines), self)
        surface = self.plot.surface
        near = int(np.abs(np.array(result.rates) - result.suggested).argmin())
        surface.set_stars([Star(float(x[near]), float(smoothed[near]), 0, f"Suggested: {figure(result.suggested)}")])
        surface.getAxis("bottom").setTicks([[(power, _power(power)) for power in range(-9, 3)]])
        # What matters is how it falls; at the end it may rise to any height.
        surface.show_range((float(x[0]), float(x[-1])), _seen(result))
        surface.hovered.connect(self._hover)
        surface.all_wanted.connect(lambda: surface.show_range((float(x[0]), float(x[-1])), _seen(result)))
        self.body.addWidget(self.plot, 1)
        if result.suggested < result.steepest * 0.95:
            why = (
                f"a tenth of where the loss is lowest; it falls fastest at {figure(result.steepest)}, which is too near"
            )
        else:
            why = "where the loss falls fastest"
        now = self._rate(self.context.document.project.training)
        before = f" The settings have {figure(now)}." if now is not None else ""
        return f"Suggested: {figure(result.suggested)}, {why}.{before}"

    def changes(self, result: RateCurve) -> dict[str, Any]:
        before = self.context.document.project.training.optimiser
        rate = float(f"{result.suggested:.2g}")
        return {"optimiser": Choice(id=before.id, options={**before.options, "learning_rate": rate})}

    def taken(self, before: TrainingSpec, after: TrainingSpec) -> str:
        old, new = self._rate(before), self._rate(after)
        if old == new or new is None:
            return ""
        return f"learning rate {figure(new)}" + (f" instead of {figure(old)}" if old is not None else "")

    def _rate(self, training: TrainingSpec) -> float | None:
        try:
            return parse_optimiser(training.optimiser).learning_rate
        except BadInput:
            return None

    def _clear(self) -> None:
        if self.plot is not None:
            self.body.removeWidget(self.plot)
            self.plot.hide()
            self.plot.deleteLater()
            self.plot = None

    def _hover(self, x: float | None) -> None:
        """The values under the pointer, with the rate itself and not its logarithm."""
        if self.plot is None or x is None or self.result is None:
            return
        rates = np.array(self.result.rates)
        near = int(np.abs(np.log10(rates) - x).argmin())
        words = f"Learning rate {figure(rates[near])} · Smoothed {figure(self.result.smoothed[near])}"
        self.plot.values.setText(f"{words} · Each batch {figure(self.result.losses[near])}")


def _power(power: int) -> str:
    return "1" if power == 0 else "10" if power == 1 else "10" + str(power).translate(_RAISED)


def _seen(result: RateCurve) -> tuple[float, float]:
    """Losses from the lowest to a little above where they started."""
    low, start = min(result.losses), max(result.smoothed[: max(3, len(result.smoothed) // 2)])
    room = 0.15 * (start - low) or 1.0
    return low - room, start + 2 * room
