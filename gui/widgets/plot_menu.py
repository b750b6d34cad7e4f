"""The context menu of a plot: how it is drawn, and saving it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from gui import theme

if TYPE_CHECKING:
    from gui.widgets.exports import Export
    from gui.widgets.live_plot import LivePlot

SMOOTHINGS = {"No smoothing": 0.0, "A little smoothing": 0.6, "Medium smoothing": 0.9, "Strong smoothing": 0.98}


def plot_menu(plot: LivePlot) -> QMenu:
    """A menu for `plot`, gone when it is closed."""
    menu = QMenu(plot)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction(theme.icon("fit"), "Show everything", lambda: plot.range_wanted.emit(None))
    log = menu.addAction("Logarithmic axis")
    log.setCheckable(True)
    log.setChecked(plot.log)
    log.triggered.connect(lambda checked: plot.set_log(checked))
    smoothing = menu.addMenu("Smoothing")
    for words, weight in SMOOTHINGS.items():
        entry = smoothing.addAction(words)
        entry.setCheckable(True)
        entry.setChecked(plot.smoothing == weight)
        entry.triggered.connect(lambda _checked=False, weight=weight: plot.set_smoothing(weight))
    menu.addSeparator()
    for words, make in (
        ("Save as PNG…", plot.png),
        ("Save as SVG…", plot.svg),
        ("Save values as CSV…", plot.csv),
    ):
        menu.addAction(words, partial(_offer, plot, make))
    return menu


def _offer(plot: LivePlot, make: Callable[[], Export]) -> None:
    plot.export_wanted.emit(make())
