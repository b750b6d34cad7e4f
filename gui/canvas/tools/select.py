"""Selecting with a rubber band that starts on empty paper; Shift or Ctrl adds to the selection."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QRubberBand

from gui.canvas.node import NodeItem
from gui.canvas.tools.base import Tool

ADDING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier


class SelectTool(Tool):
    def begin(self, event: QMouseEvent, pos: QPointF) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self._adding = bool(event.modifiers() & ADDING)
        self._before = (self.scene.selected_nodes(), self.scene.selected_edges()) if self._adding else ((), ())
        edge = self.scene.edge_at(pos)
        if edge is not None:
            self._band = None
            self.scene.pick([], [edge.spec], add=self._adding)
            return True
        self._start = pos
        self._corner = event.position().toPoint()
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.view.viewport())
        self.scene.pick(*self._before)
        return True

    def follow(self, event: QMouseEvent, pos: QPointF) -> None:
        if self._band is None:
            return
        here = event.position().toPoint()
        size = QSize(abs(here.x() - self._corner.x()), abs(here.y() - self._corner.y()))
        self._band.setGeometry(
            min(here.x(), self._corner.x()), min(here.y(), self._corner.y()), size.width(), size.height()
        )
        self._band.show()
        box = QRectF(self._start, pos).normalized()
        inside = [id for id, item in self.scene.nodes.items() if _caught(item, box)]
        whole = [edge for edge, item in self.scene.edges.items() if box.contains(item.boundingRect())]
        self.scene.pick((*self._before[0], *inside), (*self._before[1], *whole))

    def end(self, event: QMouseEvent, pos: QPointF) -> None:
        self._close()

    def cancel(self) -> None:
        if self._band is not None:
            self.scene.pick(*self._before)
        self._close()

    def _close(self) -> None:
        if self._band is not None:
            self._band.hide()
            self._band.deleteLater()
            self._band = None


def _caught(item: NodeItem, box: QRectF) -> bool:
    """A card as soon as it is touched; the frame of an opened block only as a whole; a gate never."""
    body = item.body.translated(item.pos())
    return box.contains(body) if item.kind == "frame" else item.kind == "card" and box.intersects(body)
