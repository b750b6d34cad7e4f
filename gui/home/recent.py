"""Projects opened before, and work that was never saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.project.recovery import Autosaved
from gui import theme
from gui.context import Context
from gui.widgets import words

SHOWN = 5


class RecentRow(QAbstractButton):
    """One project: its name, and where it lies."""

    def __init__(self, path: Path, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._path, self._context = path, context
        self.setText(path.name)
        self.setToolTip(f"Open {path}")
        self.setAccessibleName(f"Open {path.name}")
        self.setAccessibleDescription(str(path))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda: context.document.open(path))

    def sizeHint(self) -> QSize:
        return QSize(300, self.fontMetrics().height() + theme.space(1.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(t.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.hover) if self.underMouse() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, 6, 6)
        side = theme.icon_side(18)
        theme.icon("folder", "text_muted").paint(painter, 10, (self.height() - side) // 2, side, side)
        metrics = self.fontMetrics()
        room = self.rect().adjusted(side + 20, 0, -12, 0)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        name = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width() // 2)
        painter.setPen(QColor(t.text))
        painter.drawText(room, middle, name)
        room.setLeft(room.left() + metrics.horizontalAdvance(name) + theme.space(2))
        painter.setPen(QColor(t.text_muted))
        where = metrics.elidedText(str(self._path.parent), Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, middle, where)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Open", self.click)
        menu.addAction("Remove from this list", lambda: self._context.settings.forget_recent(str(self._path)))
        menu.popup(event.globalPos())


class RecentList(QWidget):
    """The projects opened last, newest first."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._paths: list[Path] = []
        self.rows: list[RecentRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)

    def show_paths(self, paths: Sequence[Path]) -> None:
        """Show the first few of `paths`."""
        wanted = list(paths[:SHOWN])
        if wanted == self._paths:
            return
        self._paths = wanted
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = [RecentRow(path, self._context, self) for path in wanted]
        for row in self.rows:
            self._column.addWidget(row)


class RecoveryOffer(QFrame):
    """One piece of work that was never saved, with what can be done about it."""

    def __init__(self, left: Autosaved, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name = left.name or "Untitled"
        self.setAccessibleName(f"Unsaved work: {name}")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.space(2), theme.space(1), theme.space(1), theme.space(1))
        row.setSpacing(theme.space(1.5))
        mark = theme.IconLabel("recover", "warning", 20, self)
        where = f" Its folder is {left.origin}." if left.origin else " It was never saved."
        self.text = QLabel(f"{name} has unsaved changes from {words.clock(left.saved)}.{where}", self)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.recover = QPushButton("Go on with it", self)
        self.recover.setAccessibleName(f"Go on with {name}")
        self.recover.setToolTip("Open it as it was")
        self.discard = QPushButton("Discard", self)
        self.discard.setProperty("kind", "quiet")
        self.discard.setAccessibleName(f"Discard the unsaved changes of {name}")
        self.discard.setToolTip("Delete these changes; what was saved stays")
        row.addWidget(mark)
        row.addWidget(self.text, 1)
        row.addWidget(self.recover)
        row.addWidget(self.discard)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(t.warning_soft))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
