"""What the colours of tinted nodes mean: a bar of them, with the words for its ends."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui import theme
from gui.canvas.scene import CanvasScene

_STOPS = 8


class HeatLegend(QWidget):
    """Follows a scene; hidden while nothing is tinted. The legend's text is "low … high", or one line of words."""

    def __init__(self, scene: CanvasScene, parent: QWidget) -> None:
        super().__init__(parent)
        self._scene = scene
        self.setFixedSize(theme.space(26), theme.space(5.5))
        self.setAccessibleName("What the colours mean")
        scene.heated.connect(self.refresh)
        theme.watcher().changed.connect(self.update)
        self.refresh()

    def refresh(self) -> None:
        """Show or hide with the tint."""
        self.setVisible(bool(self._scene.heat))
        self.setToolTip(self._scene.legend)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.raised))
        bar = QRectF(8, 8, self.width() - 16, 10)
        colours = QLinearGradient(bar.topLeft(), bar.topRight())
        for stop in range(_STOPS + 1):
            colours.setColorAt(stop / _STOPS, QColor(theme.heat_colour(stop / _STOPS)))
        painter.fillRect(bar, colours)
        painter.setPen(QColor(t.text))
        painter.setFont(theme.font("small"))
        low, _, high = self._scene.legend.partition(" … ")
        words = QRectF(8, 20, self.width() - 16, self.height() - 22)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, low)
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, high)
        painter.end()
