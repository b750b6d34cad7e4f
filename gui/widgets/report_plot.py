"""One plot of an evaluation: lines with a legend, the values under the pointer, and its export."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QColor, QContextMenuEvent
from PySide6.QtWidgets import QCheckBox, QMenu, QVBoxLayout, QWidget

from engine.tasks.report import Plot
from gui import theme
from gui.widgets.exports import Export, csv_bytes
from gui.widgets.flow import FlowLayout
from gui.widgets.measure_words import capital
from gui.widgets.notes import ThemedLabel
from gui.widgets.plot_surface import PlotSurface
from gui.widgets.words import figure

GREY = 7  # the place of the quiet hue among a theme's series; those before it are for lines


class ReportPlot(QWidget):
    """Signals:
    export_wanted(object): an `Export` of the lines as CSV.
    """

    export_wanted = Signal(object)

    def __init__(self, plot: Plot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = plot
        self.surface = PlotSurface(self)
        self.surface.setAccessibleName(f"{plot.title}: {plot.y} over {plot.x}")
        self.values = ThemedLabel("", "text_muted", "small", self)
        self.boxes: list[QCheckBox] = []
        legend = QWidget(self)
        flow = FlowLayout(legend, gap=theme.space(1))
        for line in plot.lines:
            box = QCheckBox(line.name, legend)
            box.setChecked(True)
            box.toggled.connect(self._draw)
            flow.addWidget(box)
            self.boxes.append(box)
        legend.setVisible(len(plot.lines) > 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.space(1), 0, 0)
        column.addWidget(ThemedLabel(capital(plot.y), "text_muted", "small", self))
        column.addWidget(self.surface, 1)
        column.addWidget(legend)
        column.addWidget(self.values)
        self.surface.show_x_axis(capital(plot.x))
        self.surface.hovered.connect(self._hover)
        self.surface.all_wanted.connect(self._fit)
        theme.watcher().changed.connect(self._themed)
        self._themed()
        self._fit()

    def _look(self, number: int) -> tuple[int, bool]:
        """Hue and dashes of a line: a lone reference is grey, and hues that come again are dashed."""
        if self.plot.lines[number].dashed and sum(line.dashed for line in self.plot.lines) == 1:
            return GREY, True
        return number % GREY, self.plot.lines[number].dashed or number >= GREY

    def _draw(self) -> None:
        for number, (line, box) in enumerate(zip(self.plot.lines, self.boxes, strict=True)):
            if box.isChecked():
                hue, dashed = self._look(number)
                self.surface.set_line(number, line.x, line.y, hue, dashed=dashed)
            else:
                self.surface.hide_line(number)

    def _fit(self) -> None:
        xs = np.concatenate([line.x for line in self.plot.lines]) if self.plot.lines else np.zeros(0)
        ys = np.concatenate([line.y for line in self.plot.lines]) if self.plot.lines else np.zeros(0)
        finite = np.isfinite(xs) & np.isfinite(ys)
        if finite.any():
            self.surface.show_range(_roomy(xs[finite]), _roomy(ys[finite]))

    def _hover(self, x: float | None) -> None:
        self.surface.set_crosshair(x)
        if x is None:
            self.values.setText("")
            return
        told = [f"{capital(self.plot.x)} {figure(x)}"]
        for line, box in zip(self.plot.lines, self.boxes, strict=True):
            if box.isChecked() and len(line.x):
                told.append(f"{line.name} {figure(float(line.y[np.abs(line.x - x).argmin()]))}")
        self.values.setText(" · ".join(told))

    def _themed(self) -> None:
        self.surface.themed()
        for number, (line, box) in enumerate(zip(self.plot.lines, self.boxes, strict=True)):
            hue, dashed = self._look(number)
            box.setToolTip(f"Show or hide {line.name} ({'dashed' if dashed else 'solid'} line)")
            palette = box.palette()
            palette.setColor(box.foregroundRole(), QColor(theme.tokens().series[hue]))
            box.setPalette(palette)
        self._draw()

    def csv(self) -> Export:
        """All points, one row each."""
        rows: list[tuple[object, ...]] = []
        for line in self.plot.lines:
            rows += [(line.name, x, y) for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True)]
        return Export(f"{self.plot.title}.csv", "Table", csv_bytes(("line", self.plot.x, self.plot.y), rows))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        action = QAction("Export as CSV…", menu)
        action.triggered.connect(lambda: self.export_wanted.emit(self.csv()))
        menu.addAction(action)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())


def _roomy(values: np.ndarray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room
