"""The column at the right: titled parts below one another."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.widgets.notes import ThemedLabel


class Section(QWidget):
    """A heading with room beside it (`corner`), and the content below (`body`)."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = ThemedLabel(title, "text", "heading", self)
        self.corner = QHBoxLayout()
        self.corner.setSpacing(theme.space(0.5))
        top = QHBoxLayout()
        top.addWidget(self.heading, 1)
        top.addLayout(self.corner)
        self.body = QVBoxLayout()
        self.body.setSpacing(theme.space(1))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.space(1))
        layout.addLayout(top)
        layout.addLayout(self.body)


class Column(QScrollArea):
    """Sections that scroll up and down."""

    def __init__(self, name: str, sections: list[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget(self)
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(theme.space(2), theme.space(2), theme.space(2), theme.space(2))
        layout.setSpacing(theme.space(2.5))
        for section in sections:
            layout.addWidget(section)
        layout.addStretch(1)
        self.setWidget(holder)
        holder.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QSize:
        """As wide as the widest section needs, so that nothing is cut."""
        holder = self.widget()
        wide = holder.minimumSizeHint().width() if holder is not None else 0
        return QSize(wide + self.verticalScrollBar().sizeHint().width(), theme.space(20))

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint().expandedTo(QSize(theme.space(36), theme.space(60)))
