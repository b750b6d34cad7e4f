"""Cards side by side in columns of equal width, as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from gui import theme

NARROWEST = 256


class CardGrid(QWidget):
    """Lays its cards out anew when its width changes the number of columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.space(2))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    @property
    def cards(self) -> tuple[QWidget, ...]:
        return tuple(self._cards)

    def set_cards(self, cards: Sequence[QWidget]) -> None:
        """Show these and no others."""
        for card in self._cards:
            self._grid.removeWidget(card)
            card.deleteLater()
        self._cards = list(cards)
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        narrowest = max([NARROWEST, *(card.minimumSizeHint().width() for card in self._cards[:1])])
        columns = max(1, (self.width() + theme.space(2)) // (narrowest + theme.space(2)))
        if columns == self._columns:
            return
        for place in range(self._grid.columnCount()):
            self._grid.setColumnStretch(place, 0)
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for place in range(columns):
            self._grid.setColumnStretch(place, 1)

    def minimumSizeHint(self) -> QSize:
        # One column is always possible, whatever stands in the grid now.
        return QSize(NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
