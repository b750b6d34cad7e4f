"""A square to write digits on with the mouse, a finger or the keyboard."""

from __future__ import annotations

import itertools

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.theme.contrast import paper as paper_colour
from gui.theme.contrast import readable_on

SIDE = 280  # pixels of the drawing, however large it is shown
PEN = 22
_KEY_STEP = 8
_ARROWS = {
    Qt.Key.Key_Left: QPointF(-_KEY_STEP, 0),
    Qt.Key.Key_Right: QPointF(_KEY_STEP, 0),
    Qt.Key.Key_Up: QPointF(0, -_KEY_STEP),
    Qt.Key.Key_Down: QPointF(0, _KEY_STEP),
}


class ScribblePad(QWidget):
    """Thick round strokes on paper of either colour.

    With the keyboard: arrows move the pen, arrows with Shift draw, Delete wipes.

    Signals:
        drawn(object): (280, 280, 3) uint8, BGR, after every change; None when the pad was wiped.
    """

    drawn = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Scribble pad")
        self.setAccessibleDescription("Arrow keys move the pen, with Shift they draw, Delete wipes.")
        self.setToolTip("Draw with the mouse. Arrows move the pen, Shift with arrows draws, Delete wipes.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._strokes: list[list[QPointF]] = []
        self._light_paper = False
        self._pen = QPointF(SIDE / 2, SIDE / 4)
        self._by_key = False

    def sizeHint(self) -> QSize:
        return QSize(480, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 160)

    @property
    def empty(self) -> bool:
        return not self._strokes

    @property
    def light_paper(self) -> bool:
        """Whether it is dark ink on light paper."""
        return self._light_paper

    def set_light_paper(self, on: bool) -> None:
        """Dark ink on light paper, or light ink on dark."""
        if on != self._light_paper:
            self._light_paper = on
            self._tell()

    def wipe(self) -> None:
        """Begin with empty paper."""
        self._strokes.clear()
        self._tell()

    def picture(self) -> np.ndarray | None:
        """The drawing, (280, 280, 3) uint8, or None when there is none."""
        if not self._strokes:
            return None
        image = QImage(SIDE, SIDE, QImage.Format.Format_RGB888)
        painter = QPainter(image)
        self._paint_drawing(painter)
        painter.end()
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(SIDE, image.bytesPerLine())
        return rows[:, : SIDE * 3].reshape(SIDE, SIDE, 3).copy()

    def paper(self) -> QRectF:
        """The square of the widget that can be drawn on."""
        side = max(1.0, min(self.width(), self.height()) - theme.space(4))
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.canvas))
        paper = self.paper()
        painter.save()
        painter.setClipRect(paper)
        painter.translate(paper.topLeft())
        painter.scale(paper.width() / SIDE, paper.height() / SIDE)
        self._paint_drawing(painter)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.border_strong), 2 if self.hasFocus() else 1))
        painter.drawRect(paper)
        if self.hasFocus() and self._by_key:
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawEllipse(self._to_widget(self._pen), 9, 9)
        if not self._strokes:
            painter.setFont(theme.font("heading"))
            painter.setPen(readable_on(paper_colour(self._light_paper)))
            painter.drawText(paper, Qt.AlignmentFlag.AlignCenter, "Draw a digit here")

    def _paint_drawing(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(QRectF(0, 0, SIDE, SIDE), paper_colour(self._light_paper))
        round_pen = QPen(paper_colour(not self._light_paper), PEN)
        round_pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        round_pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(round_pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for stroke in self._strokes:
            painter.drawPath(_smooth(stroke))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.paper().contains(event.position()):
            self._by_key = False
            self._strokes.append([self._to_drawing(event.position())])
            self._tell()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._strokes:
            self._strokes[-1].append(self._to_drawing(event.position()))
            self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.wipe()
        elif (step := _ARROWS.get(Qt.Key(event.key()))) is not None:
            drawing = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._move_pen(step, drawing)
        else:
            super().keyPressEvent(event)

    def _move_pen(self, step: QPointF, drawing: bool) -> None:
        old, new = self._pen, self._pen + step
        self._pen = QPointF(min(max(new.x(), 0), SIDE), min(max(new.y(), 0), SIDE))
        self._by_key = True
        if not drawing:
            self.update()
            return
        if not self._strokes or self._strokes[-1][-1] != old:
            self._strokes.append([old])
        self._strokes[-1].append(self._pen)
        self._tell()

    def _tell(self) -> None:
        self.update()
        self.drawn.emit(self.picture())

    def _to_drawing(self, position: QPointF) -> QPointF:
        paper = self.paper()
        return (position - paper.topLeft()) * (SIDE / paper.width())

    def _to_widget(self, position: QPointF) -> QPointF:
        paper = self.paper()
        return position * (paper.width() / SIDE) + paper.topLeft()


def _smooth(stroke: list[QPointF]) -> QPainterPath:
    """A curve through the middles of the stroke's points, so that a fast mouse leaves no corners."""
    path = QPainterPath(stroke[0])
    if len(stroke) == 1:
        path.lineTo(stroke[0] + QPointF(0.1, 0))
    for before, after in itertools.pairwise(stroke[1:]):
        path.quadTo(before, (before + after) / 2)
    if len(stroke) > 1:
        path.lineTo(stroke[-1])
    return path
