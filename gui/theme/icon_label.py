"""An icon as a widget. It paints itself, so it is sharp on any screen and right after a change of theme."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme.icons import icon
from gui.theme.theme import icon_side, watcher


class IconLabel(QWidget):
    """The icon called `name`, `size` logical pixels high at the usual text size, in a token's colour."""

    def __init__(self, name: str, colour: str = "text", size: int = 20, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._size = size
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_icon(name, colour)
        watcher().changed.connect(self.updateGeometry)

    def set_icon(self, name: str, colour: str = "text") -> None:
        """Show another icon."""
        self._icon = icon(name, colour)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(icon_side(self._size), icon_side(self._size))

    def paintEvent(self, event: QPaintEvent) -> None:
        self._icon.paint(QPainter(self), self.rect())
