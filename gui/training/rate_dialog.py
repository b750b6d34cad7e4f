"""The learning-rate finder: the loss over the rate, with the suggested one marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.datasets.spec import Choice
from engine.job import Job
from engine.tasks.report import Line, Plot
from engine.training.rate_finder import FindRateJob, RateCurve
from gui.context import Context
from gui.training.tool_dialog import ToolDialog
from gui.widgets.plot_surface import Star
from gui.widgets.report_plot import ReportPlot
from gui.widgets.words import figure

ABOUT = (
    "The network is trained for a hundred steps while the learning rate rises a little with each. Where the loss falls "
    "fastest, the rate is right; where it rises again, the steps are too large."
)


class RateDialog(ToolDialog):
    """Finds a learning rate and puts it into the optimiser's settings."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(context, "Find a learning rate", ABOUT, "Try again", "Use this rate", parent)
        self.plot: ReportPlot | None = None

    def job(self) -> Job:
        document = self.context.document
        return FindRateJob(document.project, document.folder)

    def show_result(self, result: RateCurve) -> str:
        if self.plot is not None:
            self.body.removeWidget(self.plot)
            self.plot.hide()
            self.plot.deleteLater()
        x = np.log10(np.array(result.rates))
        lines = (
            Line("smoothed", x, np.array(result.smoothed)),
            Line("each batch", x, np.array(result.losses), dashed=True),
        )
        self.plot = ReportPlot(Plot("Learning rates", "Learning rate, as a power of ten", "Loss", lines), self)
        near = int(np.abs(np.array(result.rates) - result.suggested).argmin())
        self.plot.surface.set_stars([Star(float(x[near]), result.smoothed[near], 0, figure(result.suggested))])
        self.body.addWidget(self.plot, 1)
        return f"Suggested: {figure(result.suggested)}. The loss falls fastest at {figure(result.steepest)}."

    def changes(self, result: RateCurve) -> dict[str, Any]:
        before = self.context.document.project.training.optimiser
        rate = float(f"{result.suggested:.2g}")
        return {"optimiser": Choice(id=before.id, options={**before.options, "learning_rate": rate})}
