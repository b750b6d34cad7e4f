"""Moving the paper: middle button, or left button with the space bar held."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from gui.canvas.tools.base import Tool


class PanTool(Tool):
    def begin(self, event: QMouseEvent, pos: QPointF) -> bool:
        wanted = event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self.view.space_held
        )
        if wanted:
            self._last = event.position()
            self.view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        return wanted

    def follow(self, event: QMouseEvent, pos: QPointF) -> None:
        step = event.position() - self._last
        self._last = event.position()
        self.view.pan(step.x(), step.y())

    def end(self, event: QMouseEvent, pos: QPointF) -> None:
        self.cancel()

    def cancel(self) -> None:
        self.view.viewport().unsetCursor()
