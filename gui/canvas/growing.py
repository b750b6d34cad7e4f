"""A block that opens or folds, shown for a moment: its outline grows from the card to the frame, or back."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QObject, QRectF, QVariantAnimation
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QGraphicsItem,
    QGraphicsScene,
    QStyle,
    QStyleOptionGraphicsItem,
    QWidget,
)

from gui.canvas import painting
from gui.theme import tokens

LONGEST_MS = 180


def duration() -> int:
    """How long a movement may take: nothing where the system asks for reduced motion."""
    style = QApplication.style()
    asked = style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) if style is not None else 0
    return min(LONGEST_MS, asked)


class _Outline(QGraphicsItem):
    def __init__(self) -> None:
        super().__init__()
        self.setZValue(9)
        self.setVisible(False)
        self.box = QRectF()
        self.left = 0.0  # how much of the movement is left, from 1 to 0
        self.colour = QColor()

    def boundingRect(self) -> QRectF:
        return self.box.adjusted(-3, -3, 3, 3)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setPen(QPen(self.colour, 2))
        painter.setBrush(painting.faded(QColor(tokens().canvas), 0.85 * self.left))
        painter.drawRoundedRect(self.box, 12, 12)


class Growing(QObject):
    """One movement at a time; a new one takes the place of the last."""

    def __init__(self, scene: QGraphicsScene, parent: QObject) -> None:
        super().__init__(parent)
        self._outline = _Outline()
        scene.addItem(self._outline)
        self._animation = QVariantAnimation(self)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._show)
        self._animation.finished.connect(lambda: self._outline.setVisible(False))
        self._start = self._end = QRectF()

    @property
    def running(self) -> bool:
        return self._animation.state() == QVariantAnimation.State.Running

    def run(self, start: QRectF, end: QRectF, colour: QColor) -> None:
        """Let an outline go from one place of the scene to another."""
        self._animation.stop()
        milliseconds = duration()
        if milliseconds <= 0:
            return
        self._start, self._end, self._outline.colour = start, end, colour
        self._animation.setDuration(milliseconds)
        self._outline.setVisible(True)
        self._animation.start()

    def _show(self, share: float) -> None:
        one, other = self._start, self._end

        def between(a: float, b: float) -> float:
            return a + (b - a) * share

        self._outline.prepareGeometryChange()
        self._outline.box = QRectF(
            between(one.x(), other.x()),
            between(one.y(), other.y()),
            between(one.width(), other.width()),
            between(one.height(), other.height()),
        )
        self._outline.left = 1.0 - share
