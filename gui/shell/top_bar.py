"""The bar above the page: project, undo and redo, the field that finds everything, and the button that trains."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from gui import theme
from gui.actions import Actions, with_shortcut
from gui.document.document import Document


class SearchButton(QPushButton):
    """Looks like a field and opens the command palette, so that everything is found from one place."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Search or command")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(460)
        self._icon = theme.icon("search", "text_muted")

    def sizeHint(self) -> QSize:
        return QSize(360, max(32, self.fontMetrics().height() + 14))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(t.accent if self.hasFocus() else t.border_strong if self.underMouse() else t.border))
        painter.setBrush(QColor(t.window if not t.dark else t.raised))
        area = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, 7, 7)
        side = theme.icon_side(16)
        self._icon.paint(painter, 10, (self.height() - side) // 2, side, side)
        painter.setPen(QColor(t.text_muted))
        middle = Qt.AlignmentFlag.AlignVCenter
        keys = "Ctrl+K"
        room = self.rect().adjusted(side + 18, 0, -12, 0)
        wide = self.fontMetrics().horizontalAdvance(keys)
        text = self.fontMetrics().elidedText("Search or command", Qt.TextElideMode.ElideRight, room.width() - wide - 16)
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, text)
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, keys)


class TopBar(QWidget):
    """The toolbar. What the buttons do is in `Actions`; this is only where they are."""

    def __init__(
        self, actions: Actions, document: Document, project_menu: QMenu, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Toolbar")
        self._document = document
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(1.5), theme.space(1), theme.space(1.5), theme.space(1))
        row.setSpacing(theme.space(0.5))
        self.project = QToolButton(self)
        self.project.setMenu(project_menu)
        self.project.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.project.setAutoRaise(True)
        self.project.setToolTip("The project: name, save, open another")
        self.project.setFont(theme.font("heading"))
        row.addWidget(self.project)
        row.addSpacing(theme.space(1))
        self.undo = self._tool(row, actions, "edit.undo")
        self.redo = self._tool(row, actions, "edit.redo")
        row.addSpacing(theme.space(1))
        row.addStretch(1)
        self.search = SearchButton(self)
        self.search.setToolTip(actions["view.palette"].toolTip())
        self.search.clicked.connect(actions["view.palette"].trigger)
        row.addWidget(self.search, 4)
        row.addStretch(1)
        self.train = QPushButton(self)
        self.train.setProperty("kind", "primary")
        action = actions["train.start"]
        self.train.setIcon(theme.icon("play", "accent_text"))
        self.train.setText(action.text().replace("&", ""))
        self.train.setAccessibleName(self.train.text())
        self.train.setToolTip(with_shortcut("Train the network on the data of this project", action))
        self.train.clicked.connect(action.trigger)
        self._start = action
        action.changed.connect(self._follow_start)
        row.addWidget(self.train)
        document.changed.connect(self._named)
        document.replaced.connect(self._named)
        document.state_changed.connect(self._named)
        theme.watcher().changed.connect(self._themed)
        self._named()

    def _tool(self, row: QHBoxLayout, actions: Actions, id: str) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(actions[id])
        button.setAutoRaise(True)
        button.setIconSize(QSize(theme.icon_side(18), theme.icon_side(18)))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setAccessibleName(actions[id].text().replace("&", ""))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row.addWidget(button)
        return button

    def _follow_start(self) -> None:
        """Disabled while a training runs; the tip then says so."""
        self.train.setEnabled(self._start.isEnabled())
        self.train.setToolTip(self._start.toolTip())

    def _named(self) -> None:
        name = self._document.project.name or "Untitled"
        shown = self.project.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 260)
        # A dot, not an asterisk in the middle of a word: there are changes that Save would write.
        self.project.setText(f"{shown} •" if self._document.dirty else shown)
        self.project.setAccessibleName(f"Project {name}{', unsaved changes' if self._document.dirty else ''}")

    def _themed(self) -> None:
        self.project.setFont(theme.font("heading"))
        for button in (self.undo, self.redo):
            button.setIconSize(QSize(theme.icon_side(18), theme.icon_side(18)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.panel))
        painter.fillRect(0, self.height() - 1, self.width(), 1, QColor(t.border))
