"""What a gesture would do, drawn lightly over the paper: an edge in the making, or a card about to be dropped."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.graph.routing import Route
from gui.canvas import painting
from gui.theme import tokens


class PreviewItem(QGraphicsItem):
    """One item, reused by all gestures; hidden when there is nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(10)
        self.setVisible(False)
        self._path = QPainterPath()
        self._text = ""

    def show_edge(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """A dashed edge from an output's place to an input's."""
        self.prepareGeometryChange()
        self._text = ""
        ((begin, one, two, finish),) = Route(start, end).curves
        self._path = QPainterPath(QPointF(*begin))
        self._path.cubicTo(*one, *two, *finish)
        self.setVisible(True)
        self.update()

    def show_card(self, centre: QPointF, text: str) -> None:
        """The outline of a card."""
        self.prepareGeometryChange()
        self._text = text
        self._path = QPainterPath()
        self._path.addRoundedRect(painting.BODY.translated(centre), 8, 8)
        self.setVisible(True)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._path.controlPointRect().adjusted(-4, -4, 4, 4)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        t = tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.accent), 2.0, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(t.accent_soft) if self._text else Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        if self._text:
            painter.setPen(QColor(t.text))
            painter.setFont(painting.scene_font("body", 13, bold=True))
            painter.drawText(self._path.boundingRect(), Qt.AlignmentFlag.AlignCenter, self._text)
