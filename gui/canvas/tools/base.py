"""What a gesture is: it may begin at a press, follows the pointer, and ends or is called off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QKeyEvent, QMouseEvent

if TYPE_CHECKING:
    from gui.canvas.view import CanvasView


class Tool:
    """Base of the gestures. A tool shows what would happen; only `end` edits, once."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view
        self.scene = view.canvas
        self.editor = view.editor

    def begin(self, event: QMouseEvent, pos: QPointF) -> bool:
        """Whether this press at `pos` (in the scene) starts the gesture."""
        return False

    def follow(self, event: QMouseEvent, pos: QPointF) -> None:
        """The pointer has moved."""

    def end(self, event: QMouseEvent, pos: QPointF) -> None:
        """The button was released."""

    def cancel(self) -> None:
        """Call the gesture off and leave everything as it was."""

    def key(self, event: QKeyEvent) -> bool:
        """Whether the running gesture has used this key."""
        return False
