"""Drawing an outline corner by corner."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF

from engine.labelling.spec import MAX_CORNERS, Corner, Polygon
from gui.labelling.painting import HANDLE, class_hue, handles
from gui.labelling.tools.base import Tool


class PolygonTool(Tool):
    id = "polygon"
    title = "Outline"
    icon = "label_polygon"
    key = "L"
    help = "Click along the border of an object, corner by corner"
    hint = "Click the corners one by one. Enter, a double click or the first corner closes; Backspace takes one back."

    def __init__(self, canvas: object) -> None:
        super().__init__(canvas)  # type: ignore[arg-type]
        self.corners: list[Corner] = []

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        if len(self.corners) >= 3 and self._on_first(event.position()):
            self._close()
        elif len(self.corners) < MAX_CORNERS:
            self.corners.append(self.canvas.inside(pos))
        self.canvas.update()
        return True

    def double(self, event: QMouseEvent, pos: Corner) -> None:
        self._close()

    def hover(self, pos: Corner) -> None:
        if self.corners:
            self.canvas.update()

    def press_key(self, event: QKeyEvent) -> bool:
        if not self.corners:
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close()
        elif event.key() == Qt.Key.Key_Backspace:
            self.corners.pop()
        elif event.key() == Qt.Key.Key_Escape:
            self.corners.clear()
        else:
            return False
        self.canvas.update()
        return True

    def cancel(self) -> None:
        self.corners.clear()
        self.canvas.update()

    def _on_first(self, at: QPointF) -> bool:
        first = self.canvas.view.to_screen(*self.corners[0])
        return math.hypot(first.x() - at.x(), first.y() - at.y()) <= HANDLE

    def _close(self) -> None:
        if len(self.corners) >= 3:
            self.model.draw("outline", Polygon((tuple(self.corners),)))
            self.corners.clear()
        self.canvas.update()

    def paint(self, painter: QPainter) -> None:
        if not self.corners:
            return
        hue = class_hue(self.model.labels, self.model.active_class)
        places = [self.canvas.view.to_screen(*corner) for corner in self.corners]
        pointer = self.canvas.pointer
        painter.setPen(QPen(hue, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF([*places, pointer] if pointer is not None else places))
        if pointer is not None and len(places) >= 2:
            painter.setPen(QPen(hue, 1, Qt.PenStyle.DashLine))
            painter.drawLine(pointer, places[0])
        handles(painter, places, hue)
