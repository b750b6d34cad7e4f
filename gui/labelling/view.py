"""How the picture lies on the screen: its size and its place. Plain arithmetic between picture and widget."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF

LEAST, MOST = 0.02, 64.0
_MARGIN = 24.0


class Viewpoint:
    """`scale` is screen pixels for a pixel of the picture; `corner` is where the picture's upper left corner lies."""

    def __init__(self) -> None:
        self.scale = 1.0
        self.corner = QPointF(0, 0)
        self.fitted = True  # until somebody zooms or pans

    def to_screen(self, x: float, y: float) -> QPointF:
        return QPointF(self.corner.x() + x * self.scale, self.corner.y() + y * self.scale)

    def to_picture(self, at: QPointF) -> tuple[float, float]:
        return (at.x() - self.corner.x()) / self.scale, (at.y() - self.corner.y()) / self.scale

    def area(self, picture: QSizeF) -> QRectF:
        """Where the whole picture lies on the screen."""
        return QRectF(self.corner, picture * self.scale)

    def fit(self, picture: QSizeF, room: QSizeF) -> None:
        """Show the whole picture as large as it fits, in the middle."""
        if picture.isEmpty() or room.isEmpty():
            return
        width, height = max(1.0, room.width() - 2 * _MARGIN), max(1.0, room.height() - 2 * _MARGIN)
        self.scale = min(max(min(width / picture.width(), height / picture.height()), LEAST), MOST)
        self.corner = QPointF(
            (room.width() - picture.width() * self.scale) / 2, (room.height() - picture.height() * self.scale) / 2
        )
        self.fitted = True

    def zoom(self, factor: float, anchor: QPointF) -> None:
        """Zoom so that what lies under `anchor` stays there."""
        wanted = min(max(self.scale * factor, LEAST), MOST)
        change = wanted / self.scale
        self.corner = anchor + (self.corner - anchor) * change
        self.scale = wanted
        self.fitted = False

    def pan(self, dx: float, dy: float) -> None:
        """Move the picture by pixels of the screen."""
        self.corner += QPointF(dx, dy)
        self.fitted = False
