"""The drawer below the drawing: Problems, Code, Cost and Compare, behind tabs that say how much there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QTabWidget, QWidget

from gui import theme
from gui.builder.code_view import CodeView
from gui.builder.compare import CompareView
from gui.builder.cost_table import CostTable
from gui.builder.problem_list import ProblemList
from gui.canvas.numbers import short
from gui.context import Context

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class Drawer(QTabWidget):
    """Views of the same drawing."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problems = ProblemList(self)
        self.code = CodeView(context, self)
        self.costs = CostTable(context, self)
        self.compare = CompareView(context, self)
        self.setDocumentMode(True)
        self.setAccessibleName("Problems, code, costs and comparison")
        self.addTab(self.problems, theme.icon("check"), "Problems")
        self.addTab(self.code, theme.icon("code"), "Code")
        self.addTab(self.costs, theme.icon("table"), "Cost table")
        self.addTab(self.compare, theme.icon("compare"), "Compare")
        for index, tip in enumerate(
            (
                "What is wrong, with repairs",
                "The drawing as PyTorch",
                "What every layer costs, and how long it takes",
                "This drawing beside another network",
            )
        ):
            self.setTabToolTip(index, tip)

    def show_analysis(self, analysis: Analysis) -> None:
        """Take over a new analysis."""
        if analysis.spec.nodes:
            self.problems.show_problems(analysis.problems)
        else:
            self.problems.say("Nothing is drawn yet.")
        self.costs.show_analysis(analysis)
        serious = [problem for problem in analysis.problems if problem.severity != "info"]
        shown = bool(analysis.spec.nodes and analysis.problems)
        self.setTabText(0, f"Problems {len(analysis.problems)}" if shown else "Problems")
        icon = "problem" if analysis.errors else "warning" if serious else "check"
        colour = "problem" if analysis.errors else "warning" if serious else None
        self.setTabIcon(0, theme.icon(icon, colour) if analysis.spec.nodes else theme.icon("check"))
        total = analysis.totals.parameters
        self.setTabText(2, f"Cost table · {short(total)} parameters" if total else "Cost table")
