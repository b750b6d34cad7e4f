"""Small texts inside panels: complaints below a control, and quiet explanations."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from gui import theme


class ThemedLabel(QLabel):
    """A label in one of the theme's colours, by the token's name, that follows changes of theme and of text size."""

    def __init__(self, text: str = "", colour: str = "text", role: theme.Role = "body", parent: QWidget | None = None):
        super().__init__(text, parent)
        self._colour = colour
        self._role: theme.Role = role
        self._themed()
        theme.watcher().changed.connect(self._themed)

    def set_colour(self, colour: str) -> None:
        """Take another of the theme's colours, by the token's name."""
        self._colour = colour
        self._paint()

    def _themed(self) -> None:
        self.setFont(theme.font(self._role))
        self._paint()

    def _paint(self) -> None:
        palette = self.palette()
        for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive, QPalette.ColorGroup.Disabled):
            palette.setColor(group, QPalette.ColorRole.WindowText, QColor(getattr(theme.tokens(), self._colour)))
        self.setPalette(palette)


class QuietLabel(ThemedLabel):
    """A muted explanation that wraps."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, "text_muted", "small", parent)
        self.setWordWrap(True)


class WholeLabel(QuietLabel):
    """An explanation that claims the height of all its lines, for layouts that do not ask how many there are."""

    def setText(self, text: str) -> None:
        super().setText(text)
        self._claim()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._claim()

    def _claim(self) -> None:
        self.setMinimumHeight(0)  # or else the label never answers with less than it has claimed before
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))


class ProblemNote(QWidget):
    """A complaint with its mark, hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel(self)
        self._text = ThemedLabel("", "problem", "small", self)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(0.5))
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_text(self, text: str) -> None:
        """Show `text`, or nothing when it is empty."""
        if text and self._mark.pixmap().isNull():
            side = self._text.fontMetrics().height()
            self._mark.setPixmap(theme.icon("problem", "problem").pixmap(side, side))
        self._text.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self._mark.pixmap().isNull():
            side = self._text.fontMetrics().height()
            self._mark.setPixmap(theme.icon("problem", "problem").pixmap(side, side))
