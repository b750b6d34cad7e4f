"""A part of a panel that can be folded away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from gui import theme


class Folding(QWidget):
    """A heading that opens and closes `content`."""

    def __init__(self, title: str, content: QWidget, opened: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self.button = QToolButton(self)
        self.button.setText(title)
        self.button.setAutoRaise(True)
        self.button.setCheckable(True)
        self.button.setChecked(opened)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setAccessibleName(title)
        self.button.toggled.connect(self._fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addWidget(self.button)
        layout.addWidget(content)
        self._fold(opened)

    def _fold(self, opened: bool) -> None:
        self.button.setIcon(theme.icon("down" if opened else "right"))
        self.button.setToolTip(f"{'Hide' if opened else 'Show'} {self.button.text().lower()}")
        self.content.setVisible(opened)
