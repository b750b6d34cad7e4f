"""The numbers in the inspector: rows of a word and a value, and the head with the category's colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from engine.graph.spec import EdgeSpec, NetworkSpec
from gui import theme
from gui.canvas.facts import field
from gui.canvas.numbers import counted, shape, size
from gui.widgets.notes import ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis, NodeInfo

Rows = list[tuple[str, str, str]]
"""Word, value, and what the word means."""


class Figures(QWidget):
    """A small table of words and values, aligned and selectable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.space(1.5))
        self._grid.setVerticalSpacing(theme.space(0.5))
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[ThemedLabel, ThemedLabel]] = []

    def show_rows(self, rows: Rows) -> None:
        """Show these rows; labels are reused, so that nothing jumps."""
        while len(self._labels) < len(rows):
            word = ThemedLabel("", "text_muted", "small", self)
            value = ThemedLabel("", "text", "body", self)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            line = len(self._labels)
            self._grid.addWidget(word, line, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(value, line, 1)
            self._labels.append((word, value))
        for number, (word, value) in enumerate(self._labels):
            shown = number < len(rows)
            word.setVisible(shown)
            value.setVisible(shown)
            if shown:
                word.setText(rows[number][0])
                value.setText(rows[number][1])
                word.setToolTip(rows[number][2])
                value.setToolTip(rows[number][2])

    def text(self) -> str:
        """What is shown, as lines, for tests and screen readers."""
        return "\n".join(f"{word.text()} {value.text()}" for word, value in self._labels if not word.isHidden())


class Headline(QWidget):
    """A title behind a bar in a category's colour."""

    def __init__(self, title: str, category: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._category = category
        self._label = ThemedLabel(title, "text", "heading", self)
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.space(1.5) if category else 0, 0, 0, 0)
        grid.addWidget(self._label, 0, 0)
        theme.watcher().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._category:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.category_colour(self._category)))
            painter.drawRoundedRect(QRectF(0, 2, 6, self.height() - 4), 3, 3)
            painter.end()


def node_figures(info: NodeInfo) -> Rows:
    """The numbers of one node."""
    rows: Rows = []
    if info.input_shapes:
        rows.append(("Input", " and ".join(shape(one) for one in info.input_shapes), "Shapes without the batch"))
    rows.append(("Output", shape(info.output_shape), "Shape without the batch: channels × height × width"))
    if info.parameters:
        fixed = info.parameters - info.trainable_parameters
        more = f", {fixed:,} of them fixed" if fixed else ""
        rows.append(("Parameters", f"{info.parameters:,}{more}", "Numbers that the layer stores"))
    if info.macs:
        rows.append(("MACs", f"{info.macs:,}", "Multiply-accumulates for one sample"))
    if info.activation_bytes:
        rows.append(
            ("Activations", size(info.activation_bytes), "Memory of the output for one picture, in 32-bit numbers")
        )
    if info.receptive_field is not None:
        seen = info.receptive_field
        rows.append(("Sees", field(seen), "Receptive field: the part of the input that one value depends on"))
        if any(seen.jump):  # a dense layer's values have no places
            jump = "×".join(f"{one:g}" for one in seen.jump)
            rows.append(("Jump", f"{jump} px", "Distance in the input between two neighbouring values"))
    return rows


def network_figures(spec: NetworkSpec, analysis: Analysis | None) -> Rows:
    """The totals of the drawing."""
    rows: Rows = [
        ("Layers", f"{len(spec.nodes):,} on the drawing, {counted(len(spec.edges), 'edge')}", "Blocks count once")
    ]
    if analysis is None:
        return rows
    totals = analysis.totals
    fixed = totals.parameters - totals.trainable_parameters
    more = f", {fixed:,} of them fixed" if fixed else ""
    rows.append(("Parameters", f"{totals.parameters:,}{more}", "Numbers that the network stores"))
    rows.append(("MACs", f"{totals.macs:,}", "Multiply-accumulates for one sample"))
    kept = "Memory of what is kept for the way back, for one sample; gradients and the optimiser's state come on top"
    rows.append(("Training memory", size(totals.training_bytes), kept))
    rows.append(("Inference memory", size(totals.inference_bytes), "Most memory in use at once for one sample"))
    rows.append(("Weights", size(totals.parameters * 4), "Size of the weights as 32-bit numbers"))
    return rows


def edge_figures(edge: EdgeSpec, info: NodeInfo | None) -> Rows:
    """What runs along an edge."""
    rows: Rows = [("From", edge.source, "The layer that gives"), ("To", edge.target, "The layer that takes")]
    if info is not None and info.output_shape is not None:
        count = 1
        for one in info.output_shape:
            count *= one
        rows.append(("Shape", shape(info.output_shape), "Without the batch"))
        rows.append(("Values", f"{count:,}, {size(count * 4)}", "For one picture, as 32-bit numbers"))
    return rows
