"""What every layer costs, as a table that can be sorted; choosing a row shows the layer on the drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.canvas.card import card_of
from gui.canvas.numbers import shape, short, size
from gui.widgets.notes import QuietLabel
from gui.widgets.table import Column, Table

if TYPE_CHECKING:
    from engine.graph.results import Analysis


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"


def _count(value: int) -> str:
    return f"{value:,}"


COLUMNS = (
    Column("Layer", help="The layer's name; a block is the sum of what is in it"),
    Column("Output", shape, help="Shape of what comes out, without the batch"),
    Column(
        "Parameters",
        _count,
        help="Numbers that are stored, those that training changes and those it does not",
        number=True,
    ),
    Column("Share", _share, help="Share of all parameters", number=True),
    Column("MACs", short, help="Multiply-accumulates for one picture", number=True),
    Column("Share", _share, help="Share of all multiply-accumulates", number=True),
    Column("Memory", size, help="Memory of the output for one picture, as 32-bit numbers", number=True),
    Column(
        "Sees", lambda of: f"{shape(of)} px", help="Receptive field: the part of the input that one value depends on"
    ),
    Column("Type"),
)


class CostTable(QWidget):
    """Signals: chosen(object): id of the node whose row was chosen; export_wanted(object): as of `Table`."""

    chosen = Signal(object)
    export_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: list[str] = []
        self._waiting: Analysis | None = None
        self.table = Table(COLUMNS, "Cost of every layer", self)
        self.table.setToolTip("Enter or a double-click shows the layer on the drawing")
        self.table.opened.connect(self._choose)
        self.table.clicked.connect(lambda index: self._choose(self.table.shown_rows()[index.row()]))
        self.table.export_wanted.connect(self.export_wanted)
        self.total = QuietLabel("The costs appear as soon as the engine is loaded.", self)
        export = QPushButton(theme.icon("csv"), "Export as CSV…", self)
        export.setToolTip("Save the table for a spreadsheet")
        export.clicked.connect(self.table.export_action.trigger)
        bar = QHBoxLayout()
        bar.addWidget(self.total, 1)
        bar.addWidget(export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), 0)
        layout.setSpacing(theme.space(0.5))
        layout.addLayout(bar)
        layout.addWidget(self.table, 1)

    def show_analysis(self, analysis: Analysis) -> None:
        """Become the table of this analysis, one row per node of the drawing; at once if this is in view."""
        self._waiting = analysis
        if self.isVisible():
            self._fill(analysis)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._waiting is not None:
            self._fill(self._waiting)

    def _fill(self, analysis: Analysis) -> None:
        self._waiting = None
        infos = [(id, info) for id, info in analysis.nodes.items() if id in analysis.spec.by_id]
        parameters = max(1, sum(info.parameters for _, info in infos))
        macs = max(1, sum(info.macs for _, info in infos))
        self._ids = [id for id, _ in infos]
        self.table.set_rows(
            [
                (
                    id,
                    info.output_shape,
                    info.parameters or None,
                    info.parameters / parameters if info.parameters else None,
                    info.macs or None,
                    info.macs / macs if info.macs else None,
                    info.activation_bytes or None,
                    info.receptive_field.size if info.receptive_field else None,
                    card_of(analysis.spec.by_id[id]).title,
                )
                for id, info in infos
            ]
        )
        totals = analysis.totals
        self.total.setText(
            f"{totals.parameters:,} parameters · {totals.macs:,} multiply-accumulates · "
            f"{size(totals.activation_bytes)} of activations for one picture"
        )

    def _choose(self, row: int) -> None:
        self.chosen.emit(self._ids[row])
