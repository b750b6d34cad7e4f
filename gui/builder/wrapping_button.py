"""A button whose words wrap, for narrow panels where nothing may be cut."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from gui import theme


class WrappingButton(QPushButton):
    """Looks and works like any button; its height follows from its width."""

    def __init__(self, icon: str, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel(self)
        side = self.fontMetrics().height()
        self._mark.setPixmap(theme.icon(icon).pixmap(side, side))
        self._words = QLabel(words, self)
        self._words.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(1), theme.space(0.75), theme.space(1), theme.space(0.75))
        row.setSpacing(theme.space(0.75))
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        for label in (self._mark, self._words):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.setAccessibleName(words)

    def sizeHint(self) -> QSize:
        row = self.layout()
        width = self.width() if self.width() > theme.space(8) else theme.space(30)
        return QSize(theme.space(30), row.totalHeightForWidth(width) if row is not None else theme.space(4))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.space(8), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()
