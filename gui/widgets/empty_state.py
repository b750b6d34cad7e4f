"""What a page shows while it has nothing to show: what belongs here, and the one thing to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel

_ICON = 48
_TEXT_WIDTH = 420


class EmptyState(QWidget):
    """An icon, a heading, a sentence, and a button where there is something to do.

    Signals:
        wanted(): the button was pressed.
    """

    wanted = Signal()

    def __init__(
        self, icon: str, title: str, text: str = "", action: str = "", tip: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._glyph = icon
        self.mark = QLabel(self)
        self.mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = ThemedLabel(title, "text", "heading", self)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title.setWordWrap(True)
        self.text = ThemedLabel(text, "text_muted", "body", self)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(action, self)
        self.button.setProperty("kind", "primary")
        self.button.setToolTip(tip or action)
        self.button.setAccessibleName(action)
        self.button.clicked.connect(self.wanted)
        self.button.setVisible(bool(action))
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.space(1.5))
        layout.addStretch(2)
        for widget in (self.mark, self.title, self.text, self.button):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        theme.watcher().changed.connect(self._themed)
        self._themed()
        self._fit_words()

    def say(self, title: str, text: str = "", action: str = "", tip: str = "") -> None:
        """Change the words; without `action` there is no button."""
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(action)
        self.button.setAccessibleName(action)
        self.button.setToolTip(tip or action)
        self.button.setVisible(bool(action))
        self._fit_words()

    def set_icon(self, icon: str) -> None:
        """Show another icon, by the theme's name."""
        self._glyph = icon
        self._themed()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_words()

    def _fit_words(self) -> None:
        """Give each text its width and the height that it needs at it: a layout cuts wrapped text that it centres."""
        width = max(120, min(_TEXT_WIDTH, self.width() - theme.space(4)))
        for label in (self.title, self.text):
            label.setFixedWidth(width)
            label.setMinimumHeight(0)  # or else the height that is asked for below is at least the old one
            label.setFixedHeight(max(0, label.heightForWidth(width)))
            label.setVisible(bool(label.text()))

    def _themed(self) -> None:
        self.mark.setPixmap(theme.icon(self._glyph, "text_muted").pixmap(_ICON, _ICON))
