"""Drawing a box by dragging from corner to corner."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen

from engine.labelling.spec import Box, Corner
from gui import theme
from gui.labelling.painting import class_hue
from gui.labelling.tools.base import Tool
from gui.widgets.tags import tag

_CLICK = 4.0  # pixels of the screen below which a drag is a click


class BoxTool(Tool):
    id = "box"
    title = "Box"
    icon = "label_box"
    key = "B"
    help = "Drag a box from corner to corner around an object"
    hint = "Drag around an object. A click chooses one; Ctrl with the mouse moves and resizes."

    _start: Corner | None = None
    _end: Corner = (0.0, 0.0)

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        if event.button() != Qt.MouseButton.LeftButton:
            return False
        self._start = self._end = self.canvas.inside(pos)
        return True

    def follow(self, event: QMouseEvent, pos: Corner) -> None:
        self._end = self.canvas.inside(pos)
        self.canvas.update()

    def release(self, event: QMouseEvent, pos: Corner) -> None:
        start, self._start = self._start, None
        if start is None:
            return
        end = self.canvas.inside(pos)
        if max(abs(end[0] - start[0]), abs(end[1] - start[1])) * self.canvas.view.scale < _CLICK:
            self.canvas.choose_at(pos)
        else:
            self.model.draw("box", _between(start, end))
        self.canvas.update()

    def hover(self, pos: Corner) -> None:
        self.canvas.update()

    def cancel(self) -> None:
        self._start = None
        self.canvas.update()

    def paint(self, painter: QPainter) -> None:
        view, area = self.canvas.view, self.canvas.picture_area()
        if self._start is None:
            at = self.canvas.pointer
            if at is not None and area.contains(at):
                faint = QColor(theme.tokens().accent)
                faint.setAlphaF(0.6)
                painter.setPen(QPen(faint, 1))
                painter.drawLine(QPointF(area.left(), at.y()), QPointF(area.right(), at.y()))
                painter.drawLine(QPointF(at.x(), area.top()), QPointF(at.x(), area.bottom()))
            return
        hue = class_hue(self.model.labels, self.model.active_class)
        box = _between(self._start, self._end)
        self.canvas.shapes.paint(painter, view, box, hue, chosen=True)
        size = f"{box.right - box.left:.0f} × {box.bottom - box.top:.0f} px"
        tag(painter, size, view.to_screen(box.left, box.bottom), area, hue, above=False)


def _between(start: Corner, end: Corner) -> Box:
    return Box(min(start[0], end[0]), min(start[1], end[1]), max(start[0], end[0]), max(start[1], end[1]))
