"""Moving the picture: middle button, or left button with the space bar held."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent

from engine.labelling.spec import Corner
from gui.labelling.tools.base import Tool


class PanTool(Tool):
    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        wanted = event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self.canvas.space_held
        )
        if wanted:
            self._last = event.position()
            self.canvas.setCursor(Qt.CursorShape.ClosedHandCursor)
        return wanted

    def follow(self, event: QMouseEvent, pos: Corner) -> None:
        step = event.position() - self._last
        self._last = event.position()
        self.canvas.pan(step.x(), step.y())

    def release(self, event: QMouseEvent, pos: Corner) -> None:
        self.canvas.take_cursor()

    def cancel(self) -> None:
        self.canvas.take_cursor()
