"""An evaluation of any task: its measures as tiles, its tables and plots on the left, its samples on the right."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QScrollArea, QSplitter, QTabWidget, QVBoxLayout, QWidget

from engine.tasks.report import Matrix
from engine.tasks.report import Table as ReportTable
from engine.training.evaluate import Evaluation
from gui import theme
from gui.evaluation.examples_panel import ExamplesPanel
from gui.evaluation.matrix_pane import MatrixPane
from gui.widgets.exports import Export, csv_bytes
from gui.widgets.flow import FlowLayout
from gui.widgets.measure_words import (
    capital,
    column_show,
    column_title,
    in_order,
    measure_help,
    measure_title,
    measure_value,
    sample_words,
)
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.report_plot import ReportPlot
from gui.widgets.table import Column, Table

TOO_LONG = 9999  # counts above which shares are written at first, since they are easier to read
ROOMY = 5  # columns up to which the first one may have the room that is left


class Tiles(QWidget):
    """One number beside another, as many as an evaluation has."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: dict[str, str] = {}
        self._flow = FlowLayout(self, gap=theme.space(4), row_gap=theme.space(1))
        self._tiles: list[QWidget] = []

    def show_measures(self, measures: Mapping[str, float], count: int, task: str) -> None:
        """Write the measures of a task: the one that counts first, the loss and its terms last."""
        for tile in self._tiles:
            self._flow.removeWidget(tile)
            tile.deleteLater()
        self._tiles = []
        told = [
            (measure_title(name, task), measure_value(name, measures[name], task), measure_help(name, task))
            for name in in_order(measures, task)
        ]
        told.append((capital(sample_words(task)[1]), f"{count:,}", "How many were measured"))
        self.values = {title: text for title, text, _ in told}
        for title, text, help in told:
            tile = QWidget(self)
            tile.setToolTip(help)
            tile.setAccessibleName(f"{title}: {text}")
            column = QVBoxLayout(tile)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(ThemedLabel(title, "text_muted", "small", tile))
            column.addWidget(ThemedLabel(text, "text", "heading", tile))
            self._flow.addWidget(tile)
            tile.show()
            self._tiles.append(tile)


class ReportView(QWidget):
    """Signals:
    export_wanted(object): an `Export` of a table or a plot.
    """

    export_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles = Tiles(self)
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName("Tables and plots")
        self.tabs.setDocumentMode(True)
        self.examples = ExamplesPanel(self)
        self.tables: list[Table] = []
        self.plots: list[ReportPlot] = []
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.examples)
        self.splitter.setSizes([680, 560])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.space(1.5))
        column.addWidget(self.tiles)
        column.addWidget(self.splitter, 1)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show everything that an evaluation tells."""
        report = evaluation.report
        self.tiles.show_measures(evaluation.measures, evaluation.count, evaluation.task)
        while self.tabs.count():
            page = self.tabs.widget(0)
            self.tabs.removeTab(0)
            if page is not None:
                page.deleteLater()
        self.tables, self.plots = [], []
        if report.words:
            self.tabs.addTab(_text(report.words, self), "Text")
        for table in report.tables:
            self.tables.append(self._table(table))
            self.tabs.addTab(self.tables[-1], table.title)
        if report.matrix is not None:
            self.tabs.addTab(_matrix(report.matrix, self), report.matrix.title)
        for plot in report.plots:
            made = ReportPlot(plot, self)
            made.export_wanted.connect(self.export_wanted)
            self.plots.append(made)
            self.tabs.addTab(made, plot.title)
        if not self.tabs.count():
            self.tables.append(self._table(_measures(evaluation)))
            self.tabs.addTab(self.tables[-1], "Measures")
        self.examples.show_sketches(report.examples, evaluation.count, sample_words(evaluation.task))
        self.examples.show_legend(report.legend)
        self.examples.setVisible(bool(report.examples))

    def _table(self, table: ReportTable) -> Table:
        columns = [
            Column(column_title(title), column_show([row[place] for row in table.rows], title), number=place > 0)
            for place, title in enumerate(table.columns)
        ]
        made = Table(columns, table.title, self, roomy=len(columns) <= ROOMY)
        made.set_rows(table.rows)
        made.export_wanted.connect(self.export_wanted)
        return made

    def exports(self, evaluation: Evaluation, name: str) -> Export:
        """The measures of an evaluation as a table."""
        return Export(
            f"{name}-measures.csv", "Table", csv_bytes(("measure", "value"), list(evaluation.measures.items()))
        )


def _measures(evaluation: Evaluation) -> ReportTable:
    task, told = evaluation.task, evaluation.measures
    rows = tuple((measure_title(name, task), measure_value(name, told[name], task)) for name in in_order(told, task))
    return ReportTable("Measures", ("Measure", "Value"), rows)


def _matrix(matrix: Matrix, parent: QWidget) -> QWidget:
    made = MatrixPane(capital(f"{matrix.counted[1]} by truth and answer"), parent)
    made.matrix.set_matrix(matrix.counts, matrix.classes, matrix.counted)
    made.shares.setChecked(int(matrix.counts.max(initial=0)) > TOO_LONG)
    return made


def _text(words: str, parent: QWidget) -> QWidget:
    holder = QScrollArea(parent)
    holder.setFrameShape(QScrollArea.Shape.NoFrame)
    holder.setWidgetResizable(True)
    inside = QWidget(holder)
    column = QVBoxLayout(inside)
    column.setSpacing(theme.space(1))
    label = QLabel(words, inside)
    label.setFont(theme.font("mono"))
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName("Text that the network wrote")
    told = "Written by the network, one character after another, each drawn as likely as it holds it to be."
    column.addWidget(QuietLabel(told, inside))
    column.addWidget(label, 1)
    holder.setWidget(inside)
    return holder
