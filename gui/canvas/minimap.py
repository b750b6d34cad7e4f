"""The whole drawing small in a corner, with the part in view framed; click or drag to go there."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.canvas import painting
from gui.canvas.view import CanvasView

_SIZE = QSize(168, 128)
_PAD = 6


class Minimap(QWidget):
    """Listens to a view; the cards are painted once per change of the drawing, the frame whenever it moves."""

    def __init__(self, view: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent or view)
        self._view = view
        self._picture: QPixmap | None = None
        self._content = QRectF()
        self.setFixedSize(_SIZE)
        self.setAccessibleName("Overview of the drawing")
        self.setToolTip("The whole network. Click or drag to go there.")
        view.canvas.shown.connect(self._changed)
        view.zoomed.connect(self.update)
        theme.watcher().changed.connect(self._changed)

    def _changed(self, change: object = None) -> None:
        self._picture = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        if self._picture is None or self._picture.devicePixelRatio() != self.devicePixelRatioF():
            self._picture = self._draw()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if not self._content.isEmpty():
            frame = self._to_map(self._view.visible()).intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1))
            painter.setPen(QPen(QColor(t.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame)
        painter.end()

    def _draw(self) -> QPixmap:
        t = theme.tokens()
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(t.panel))
        self._content = self._view.canvas.content()
        painter = QPainter(picture)
        painter.setPen(QPen(QColor(t.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(self.rect()).adjusted(0, 0, -1, -1))
        painter.setPen(Qt.PenStyle.NoPen)
        items = self._view.canvas.nodes.values()
        for item in sorted(items, key=lambda item: item.zValue()):
            if item.kind == "gate":
                continue
            box = self._to_map(item.body.translated(item.pos()))
            colour = painting.colour_of(item.card)
            if item.kind == "frame":
                colour = painting.faded(colour, 0.25)
            painter.fillRect(QRectF(box.topLeft(), box.size()).adjusted(0, 0, 0.6, 0.6), colour)
        painter.end()
        return picture

    def _scale(self) -> float:
        room = QRectF(self.rect()).adjusted(_PAD, _PAD, -_PAD, -_PAD)
        return min(room.width() / max(1.0, self._content.width()), room.height() / max(1.0, self._content.height()))

    def _to_map(self, box: QRectF) -> QRectF:
        scale, middle, here = self._scale(), self._content.center(), QRectF(self.rect()).center()
        return QRectF(
            here.x() + (box.x() - middle.x()) * scale,
            here.y() + (box.y() - middle.y()) * scale,
            box.width() * scale,
            box.height() * scale,
        )

    def _go(self, point: QPointF) -> None:
        if self._content.isEmpty():
            return
        offset = (point - QRectF(self.rect()).center()) / self._scale()
        self._view.centerOn(self._content.center() + offset)
        self._view.moving()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())
