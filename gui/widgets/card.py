"""A message that belongs to a page and stays until it is read: what is the case, what to do, and a button for it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel

_LOOK = {
    "info": ("info", "accent", "accent_soft"),
    "success": ("success", "success", "raised"),
    "warning": ("warning", "warning", "warning_soft"),
    "problem": ("problem", "problem", "problem_soft"),
}


class Card(QWidget):
    """One message.

    Signals:
        acted(): its button was pressed.
        closed(): it was put away.
    """

    acted = Signal()
    closed = Signal()

    def __init__(
        self, severity: str, what: str, advice: str = "", action: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        glyph, self._line, self._fill = _LOOK.get(severity, _LOOK["info"])
        self.severity = severity
        self.what = what
        self.setAccessibleName(f"{what} {advice}".strip())
        self._mark = QLabel(self)
        self._glyph = glyph
        heading = ThemedLabel(what, "text", "body", self)
        heading.setWordWrap(True)
        heading.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words = QVBoxLayout()
        words.setSpacing(theme.space(0.25))
        words.addWidget(heading)
        if advice:
            below = ThemedLabel(advice, "text_muted", "body", self)
            below.setWordWrap(True)
            below.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(below)
        close = QToolButton(self)
        close.setAutoRaise(True)
        close.setIcon(theme.icon("close", "text_muted"))
        close.setIconSize(QSize(14, 14))
        close.setToolTip("Put this message away")
        close.setAccessibleName("Put this message away")
        close.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(1.5), theme.space(1), theme.space(1), theme.space(1))
        row.setSpacing(theme.space(1))
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        if action:
            button = QPushButton(action, self)
            button.clicked.connect(self.acted)
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        theme.watcher().changed.connect(self._themed)
        self._themed()

    def _themed(self) -> None:
        self._mark.setPixmap(theme.icon(self._glyph, self._line).pixmap(18, 18))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(getattr(t, self._line)))
        painter.setBrush(QColor(getattr(t, self._fill)))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


class CardStack(QWidget):
    """Cards below one another, the newest on top; of one kind only the newest stays."""

    def __init__(self, most: int = 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._most = most
        self._cards: dict[str, Card] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(theme.space(1))
        self.setAccessibleName("Messages")
        self.hide()

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards shown, oldest first."""
        return tuple(self._cards.values())

    def add(self, kind: str, severity: str, what: str, advice: str = "", action: str = "") -> Card:
        """Show a card; an earlier one of the same kind goes."""
        self.remove(kind)
        while len(self._cards) >= self._most:
            self.remove(next(iter(self._cards)))
        card = Card(severity, what, advice, action, self)
        card.closed.connect(lambda: self.remove(kind))
        self._cards[kind] = card
        self._layout.insertWidget(0, card)
        self.show()
        return card

    def remove(self, kind: str) -> None:
        card = self._cards.pop(kind, None)
        if card is not None:
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.setVisible(bool(self._cards))

    def clear(self) -> None:
        for kind in tuple(self._cards):
            self.remove(kind)
