"""A titled part of a side panel."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel


class PanelSection(QWidget):
    """A heading, room for small buttons beside it (`corner`), and the content below (`body`)."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = ThemedLabel(title, "text", "heading", self)
        self.corner = QHBoxLayout()
        self.corner.setSpacing(theme.space(0.5))
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.addWidget(self.heading, 1)
        top.addLayout(self.corner)
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.space(1))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addLayout(top)
        layout.addLayout(self.body)


class SidePanel(QScrollArea):
    """A column of sections that scrolls up and down, never sideways."""

    def __init__(self, name: str, sections: list[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QWidget(self)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(2))
        layout.setSpacing(theme.space(3))
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)
        self.setWidget(column)
