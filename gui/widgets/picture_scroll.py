"""What pictures that scroll have in common: only what is in view is arranged, asked for and painted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from gui import theme


class PictureScroll(QAbstractScrollArea):
    """Base of walls and strips of pictures; it scrolls down and follows theme, text size and focus."""

    def __init__(self, name: str, focus: Qt.FocusPolicy, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(focus)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there, so that the columns don't jump when it comes and goes.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        theme.watcher().changed.connect(self.viewport().update)

    def arrange(self) -> None:
        """Place all pictures anew, by `set_length`."""
        raise NotImplementedError

    def look(self) -> None:
        """Ask for what is in view now, and paint it."""
        raise NotImplementedError

    def set_length(self, height: int, step: int) -> None:
        """Take `height` pixels of pictures, of which a turn of the wheel scrolls about `step`, and look."""
        bar, tall = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, height - tall))
        bar.setPageStep(max(1, tall))
        bar.setSingleStep(step)
        self.look()

    def reveal(self, top: int, bottom: int) -> None:
        """Scroll as little as brings the rows of pixels from `top` to `bottom` into view."""
        bar = self.verticalScrollBar()
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self.viewport().height():
            bar.setValue(bottom - self.viewport().height())

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.look()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self.arrange()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()
