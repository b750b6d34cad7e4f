"""All pictures of a dataset by class. Only what is in view is painted and fetched, so their number doesn't matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from gui import theme
from gui.data.thumbnails import ThumbnailLoader
from gui.data.wall_layout import Section, WallLayout
from gui.widgets.picture_scroll import PictureScroll
from gui.widgets.pixmaps import draw_small

CELLS = (48, 72, 104, 152)


class PictureWall(PictureScroll):
    """Pictures in sections by class, with one of them current.

    Signals:
        current_changed(object): the index of the current picture, or None.
        cell_changed(): pictures are shown in another size.
    """

    current_changed = Signal(object)
    cell_changed = Signal()

    def __init__(self, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__("Pictures by class", Qt.FocusPolicy.StrongFocus, parent)
        self._loader = loader
        self._order = np.zeros(0, np.int64)  # position on the wall -> index of the picture
        self._sections: tuple[Section, ...] = ()
        self._part: np.ndarray | None = None
        self._describe: Callable[[int], str] = str
        self._zoom = 1
        self._position: int | None = None
        self._layout = WallLayout((), 100, self.cell, theme.space(1), 0)
        self.viewport().setMouseTracking(True)
        loader.arrived.connect(lambda _indices: self.viewport().update())

    # what the page uses

    @property
    def cell(self) -> int:
        """Least side of a picture's cell in pixels."""
        return CELLS[self._zoom]

    @property
    def current(self) -> int | None:
        """Index of the current picture."""
        return None if self._position is None else int(self._order[self._position])

    @property
    def count(self) -> int:
        """How many pictures are on the wall."""
        return len(self._order)

    def show_pictures(
        self,
        indices: np.ndarray,
        labels: np.ndarray,
        classes: tuple[str, ...],
        describe: Callable[[int], str],
    ) -> None:
        """Put pictures on the wall, by class.

        Args:
            indices: which, as int64; their order is kept within a class.
            labels: int64, the class of every picture of the dataset.
            classes: their names; () where the pictures have none.
            describe: the tooltip of a picture, by index.
        """
        before = self.current
        chosen = labels[indices]
        self._order = indices[np.argsort(chosen, kind="stable")]
        counts, titles = np.bincount(chosen, minlength=len(classes)), classes or ("All pictures",)
        self._sections = tuple(Section(titles[n], int(counts[n])) for n in np.flatnonzero(counts))
        self._describe = describe
        found = np.flatnonzero(self._order == before) if before is not None else np.zeros(0, np.int64)
        self._position = int(found[0]) if len(found) else (0 if len(self._order) else None)
        self.arrange()
        if not len(found):
            self.verticalScrollBar().setValue(0)
        if self.current != before:
            self._tell()

    def show_parts(self, part: np.ndarray | None) -> None:
        """Mark which part of the split every picture of the dataset is in: 0 to 2, or -1."""
        self._part = part
        self.viewport().update()

    def choose(self, index: int) -> None:
        """Make a picture the current one and bring it into view."""
        found = np.flatnonzero(self._order == index)
        if len(found):
            self._go(int(found[0]))

    def zoom(self, steps: int) -> None:
        """Show pictures larger or smaller."""
        wanted = min(max(self._zoom + steps, 0), len(CELLS) - 1)
        if wanted != self._zoom:
            self._zoom = wanted
            self.arrange()
            self._show_current()
            self.cell_changed.emit()

    def cell_rect(self, index: int) -> QRect:
        """Where a picture is in the viewport now; empty if it isn't on the wall."""
        found = np.flatnonzero(self._order == index)
        return self._rect(int(found[0])) if len(found) else QRect()

    # layout

    def _head(self) -> int:
        return self.fontMetrics().height() + theme.space(2)

    def arrange(self) -> None:
        width = self.viewport().width()
        self._layout = WallLayout(self._sections, width, self.cell, theme.space(1), self._head())
        self.set_length(self._layout.height, self.cell // 2)

    def look(self) -> None:
        """Ask for what is in view, then for the screen below."""
        top, tall = self.verticalScrollBar().value(), self.viewport().height()
        positions = self._layout.between(top, top + tall)
        positions += self._layout.between(top + tall, top + 2 * tall) if positions else []
        self._loader.want([int(index) for index in self._order[positions]])
        self.viewport().update()

    def _rect(self, position: int) -> QRect:
        x, y = self._layout.place(position)
        return QRect(x, y - self.verticalScrollBar().value(), self._layout.cell, self._layout.cell)

    def _at(self, point: QPoint) -> int | None:
        return self._layout.at(point.x(), point.y() + self.verticalScrollBar().value())

    def _go(self, position: int) -> None:
        if not 0 <= position < len(self._order):
            return
        changed = position != self._position
        self._position = position
        self._show_current()
        self.viewport().update()
        if changed:
            self._tell()

    def _tell(self) -> None:
        current = self.current
        self.setAccessibleDescription("" if current is None else self._describe(current))
        self.current_changed.emit(current)

    def _show_current(self) -> None:
        if self._position is not None:
            _, y = self._layout.place(self._position)
            self.reveal(y - self._layout.head, y + self._layout.cell + theme.space(1))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(560, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and position is not None:
            self._go(position)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = event.key(), len(self._order) - 1
        if self._position is None:
            super().keyPressEvent(event)
            return
        page = max(1, self.viewport().height() // (self._layout.cell + self._layout.gap) - 1)
        moves = {
            Qt.Key.Key_Left: self._position - 1,
            Qt.Key.Key_Right: self._position + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        rows = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}
        if key in moves:
            self._go(min(max(moves[Qt.Key(key)], 0), last))
        elif key in rows:
            self._go(self._layout.moved(self._position, rows[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.zoom(-1 if key == Qt.Key.Key_Minus else 1)
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            position = self._at(event.pos())
            if position is None:
                QToolTip.hideText()
            else:
                text = self._describe(int(self._order[position]))
                QToolTip.showText(event.globalPos(), text, self.viewport(), self._rect(position))
            return True
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(t.panel))
        top = self.verticalScrollBar().value()
        low, high = top + event.rect().top(), top + event.rect().bottom() + 1
        for number in self._layout.sections_between(low, high):
            self._paint_heading(painter, number, self._layout.section_top(number) - top)
        for position in self._layout.between(low, high):
            self._paint_picture(painter, position)

    def _paint_heading(self, painter: QPainter, number: int, y: int) -> None:
        t = theme.tokens()
        section = self._layout.sections[number]
        gap = theme.space(1)
        area = QRect(gap, y, self.viewport().width() - 2 * gap, self._head())
        painter.setFont(self.font())
        metrics = self.fontMetrics()
        count = f"{section.count:,}"
        wide = metrics.horizontalAdvance(count)
        name = metrics.elidedText(section.title, Qt.TextElideMode.ElideRight, area.width() - wide - gap)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(QColor(t.text))
        painter.drawText(area, flags, name)
        painter.setPen(QColor(t.text_muted))
        painter.drawText(area.adjusted(metrics.horizontalAdvance(name) + gap, 0, 0, 0), flags, count)

    def _paint_picture(self, painter: QPainter, position: int) -> None:
        t = theme.tokens()
        index = int(self._order[position])
        cell = self._rect(position)
        room = cell.adjusted(2, 2, -2, -6)
        draw_small(painter, self._loader.pixmap(index), room, self._loader.has(index))
        if self._part is not None and self._part[index] >= 0:
            painter.fillRect(
                cell.left() + 2, cell.bottom() - 2, cell.width() - 4, 3, QColor(t.series[self._part[index]])
            )
        if position == self._position:
            painter.setPen(QPen(QColor(t.accent if self.hasFocus() else t.border_strong), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell.adjusted(0, 0, 0, 1))
