"""The drawing with what lies over it: zoom at the bottom left, the overview at the bottom right, hints, emptiness."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.actions import make_action
from gui.builder.actions import BuilderActions
from gui.builder.crumbs import Crumbs
from gui.builder.empty_canvas import EmptyCanvas
from gui.builder.find_bar import FindBar
from gui.builder.heat_legend import HeatLegend
from gui.canvas.minimap import Minimap
from gui.canvas.view import CanvasView
from gui.widgets.notes import ThemedLabel


class CanvasFrame(QWidget):
    """Holds the view and places its companions whenever it changes size."""

    def __init__(self, view: CanvasView, actions: BuilderActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = view
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(view)
        self.minimap = Minimap(view, self)
        self.empty = EmptyCanvas(self)
        self.crumbs = Crumbs(view.blocks, self)
        self.finder = FindBar(view.blocks, self)
        self.finder.resized.connect(self._place_finder)
        self.finder.closed.connect(lambda: view.setFocus(Qt.FocusReason.OtherFocusReason))
        self.legend = HeatLegend(view.canvas, self)
        view.canvas.heated.connect(self._place)
        self._hint = ThemedLabel("", "text", "small", self)
        self._hint.setAutoFillBackground(True)
        self._hint.setMargin(theme.space(0.75))
        self._hint.hide()
        self.show_minimap = make_action(
            self, "Overview &map", self._toggle_minimap, icon="minimap", tip="Show or hide the overview of the drawing"
        )
        self.show_minimap.setCheckable(True)
        self.show_minimap.setChecked(True)
        self.show_minimap.setProperty("menu", "View")
        self._bar = self._zoom_bar(actions)
        view.zoomed.connect(self._show_zoom)
        view.said.connect(self._say)
        view.canvas.shown.connect(lambda change: self._fill())
        view.installEventFilter(self)
        self._fill()
        self._show_zoom()

    def _zoom_bar(self, actions: BuilderActions) -> QFrame:
        bar = QFrame(self)
        bar.setAutoFillBackground(True)
        bar.setBackgroundRole(QPalette.ColorRole.Base)
        row = QHBoxLayout(bar)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        for action in (actions["zoom_out"], actions["zoom_one"], actions["zoom_in"], actions["fit"], self.show_minimap):
            button = QToolButton(bar)
            button.setDefaultAction(action)
            button.setAccessibleName(action.text().replace("&", ""))
            button.setAutoRaise(True)
            if action is actions["zoom_one"]:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
                button.setMinimumWidth(theme.space(7))
                self._percent = button
            row.addWidget(button)
        return bar

    def _show_zoom(self) -> None:
        self._percent.setText(f"{self.view.zoom * 100:.0f} %")

    def _say(self, text: str) -> None:
        palette = self._hint.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.tokens().raised))
        self._hint.setPalette(palette)
        self._hint.setText(text)
        self._hint.setVisible(bool(text))
        self._place()

    def _toggle_minimap(self) -> None:
        self._fill()

    def _fill(self) -> None:
        drawn = bool(self.view.canvas.network.nodes)
        self.empty.setVisible(not drawn)
        self.minimap.setVisible(drawn and self.show_minimap.isChecked())
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.view and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        gap = theme.space(1.5)
        self._bar.adjustSize()
        self._bar.move(gap, self.height() - self._bar.height() - gap)
        self.minimap.move(self.width() - self.minimap.width() - gap, self.height() - self.minimap.height() - gap)
        self._hint.adjustSize()
        self._hint.move((self.width() - self._hint.width()) // 2, gap)
        self.crumbs.adjustSize()
        self.crumbs.move(gap, gap)
        self.finder.adjustSize()
        self._place_finder()
        self.legend.move(self._bar.geometry().right() + gap, self.height() - self.legend.height() - gap)
        for widget in (self._bar, self.minimap, self._hint, self.crumbs, self.legend, self.finder):
            widget.raise_()

    def _place_finder(self) -> None:
        gap = theme.space(1.5)
        self.finder.move(max(gap, self.width() - self.finder.width() - gap), gap)
