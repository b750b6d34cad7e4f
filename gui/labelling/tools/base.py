"""What a gesture on the picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter

from engine.labelling.spec import Corner

if TYPE_CHECKING:
    from gui.labelling.canvas import LabelCanvas


class Tool:
    """Places are pixels of the picture.

    Class attributes: `id`, `title` and `icon` for its button, `key` that takes it, `help` in a sentence, `hint` for the
    line below the picture, and the `cursor` over the picture.
    """

    id: ClassVar[str] = ""
    title: ClassVar[str] = ""
    icon: ClassVar[str] = ""
    key: ClassVar[str] = ""
    help: ClassVar[str] = ""
    hint: ClassVar[str] = ""
    cursor: ClassVar[Qt.CursorShape] = Qt.CursorShape.CrossCursor

    def __init__(self, canvas: LabelCanvas) -> None:
        self.canvas = canvas
        self.model = canvas.model

    def press(self, event: QMouseEvent, pos: Corner) -> bool:
        """A button went down; True when the gesture wants what follows until it goes up."""
        return False

    def follow(self, event: QMouseEvent, pos: Corner) -> None:
        """The pointer moved with the button down."""

    def release(self, event: QMouseEvent, pos: Corner) -> None:
        """The button went up."""

    def double(self, event: QMouseEvent, pos: Corner) -> None:
        """The second press of a double click."""

    def hover(self, pos: Corner) -> None:
        """The pointer moved with no button down."""

    def press_key(self, event: QKeyEvent) -> bool:
        """Whether the key meant something to this gesture."""
        return False

    def cancel(self) -> None:
        """Forget what was begun."""

    def paint(self, painter: QPainter) -> None:
        """Paint what is in the making, over the picture."""
