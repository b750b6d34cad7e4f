"""Two drawings beside each other in a window of their own, to look at: zoom with the wheel, move by dragging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QDialog, QGraphicsView, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from gui import theme
from gui.builder.compare_job import Comparison, marks
from gui.canvas.scene import CanvasScene
from gui.widgets.notes import QuietLabel, ThemedLabel

if TYPE_CHECKING:
    from engine.graph.results import Analysis

_STEP = 1.2
_SMALLEST, _LARGEST = 0.04, 3.0


class StillView(QGraphicsView):
    """A drawing that can be looked at and not changed; the whole of it at first."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = CanvasScene(self)
        self.setScene(self.canvas)
        self.setInteractive(False)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setAccessibleName(name)
        self.setToolTip("The wheel zooms, dragging moves the drawing")
        self._moved = False

    def show_analysis(self, analysis: Analysis, found: dict[str, str]) -> None:
        """Show a network with its numbers, and these marks on its nodes."""
        self.canvas.show_spec(analysis.spec)
        self.canvas.show_analysis(analysis)
        self.canvas.set_marks(found)
        self.fit()

    def fit(self) -> None:
        """Show the whole drawing."""
        area = self.canvas.itemsBoundingRect().adjusted(-24, -24, 24, 24)
        self.fitInView(area, Qt.AspectRatioMode.KeepAspectRatio)
        if self.transform().m11() > 1.0:
            self.resetTransform()
        self._moved = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._moved:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        factor = _STEP if event.angleDelta().y() > 0 else 1 / _STEP
        if _SMALLEST < self.transform().m11() * factor < _LARGEST:
            self.scale(factor, factor)
            self._moved = True
        event.accept()


class SideBySide(QDialog):
    """The network that was compared with at the left, the drawing at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Two designs side by side")
        self.setModal(False)
        self.resize(theme.space(150), theme.space(90))
        self.left, self.right = StillView("The other network", self), StillView("This drawing", self)
        self._titles = (ThemedLabel("", role="heading", parent=self), ThemedLabel("", role="heading", parent=self))
        self._legend = QuietLabel(
            "Marked at the left is what only that network has; at the right, what only this drawing has. What is set "
            "differently is marked in both.",
            self,
        )
        split = QSplitter(Qt.Orientation.Horizontal, self)
        for title, view in zip(self._titles, (self.left, self.right), strict=True):
            side = QWidget(split)
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(title)
            column.addWidget(view, 1)
            split.addWidget(side)
        split.setSizes([600, 600])
        foot = QHBoxLayout()
        foot.addWidget(self._legend, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addLayout(foot)

    def show_comparison(self, found: Comparison) -> None:
        """Show the two networks of a comparison."""
        other, ours = found.other, found.ours
        for label, name, analysis in zip(self._titles, (found.title, ours.spec.name), (other, ours), strict=True):
            label.setText(f"{name[:1].upper()}{name[1:]} · {analysis.totals.parameters:,} parameters")
        left = marks(found.difference.reversed())
        self.left.show_analysis(other, left)
        self.right.show_analysis(ours, marks(found.difference))
