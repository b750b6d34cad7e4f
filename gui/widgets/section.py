"""A titled part of a side panel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel


class PanelSection(QWidget):
    """A heading, room for small buttons beside it (`corner`), and the content below (`body`)."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = ThemedLabel(title, "text", "heading", self)
        self.heading.setWordWrap(True)
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
    """A column of sections that scrolls up and down; sideways only when very large text leaves too little room."""

    def __init__(self, name: str, sections: list[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QWidget(self)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(2))
        layout.setSpacing(theme.space(3))
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)
        self.setWidget(column)
        column.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            # What a section shows has changed; the splitter must know how wide it is now.
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest section needs, so that nothing is cut."""
        column = self.widget()
        wide = column.minimumSizeHint().width() if column is not None else 0
        return QSize(wide + self.verticalScrollBar().sizeHint().width(), theme.space(20))

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint().expandedTo(QSize(theme.space(38), theme.space(60)))
