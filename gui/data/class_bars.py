"""The classes with a bar each: how many pictures, and in which part of the split. Choosing one shows its pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import theme
from gui.data.split_bar import NAMES

_Index = QModelIndex | QPersistentModelIndex
COUNTS = int(Qt.ItemDataRole.UserRole)
LARGEST = COUNTS + 1


class _Classes(QAbstractListModel):
    """Row 0 is all classes together."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts = np.zeros((0, 3), np.int64)
        self._parted = False

    def show_counts(self, names: tuple[str, ...], counts: np.ndarray, parted: bool) -> None:
        if names != self._names:
            self.beginResetModel()
            self._names, self._counts, self._parted = names, counts, parted
            self.endResetModel()
        else:
            self._counts, self._parted = counts, parted
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() or not self._names else len(self._names) + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = index.row()
        counts = self._counts.sum(axis=0) if row == 0 else self._counts[row - 1]
        name = "All classes" if row == 0 else self._names[row - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            parts = ", ".join(f"{count:,} {part.lower()}" for part, count in zip(NAMES, counts, strict=True))
            return f"{name}: {int(counts.sum()):,} pictures" + (f" ({parts})" if self._parted else "")
        if role == COUNTS:
            return tuple(int(count) for count in counts)
        if role == LARGEST:
            # The sum of all would dwarf the classes, so its own bar fills the width.
            return int(counts.sum()) if row == 0 else int(self._counts.sum(axis=1).max(initial=0))
        return None


class _Delegate(QStyledItemDelegate):
    """Name and count in one line, the bar below."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        t = theme.tokens()
        painter.save()
        option.text = ""
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        rect: QRect = option.rect
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.accent_soft if chosen else t.hover))
            painter.drawRoundedRect(rect.adjusted(0, 1, 0, -1), 6, 6)
        counts = index.data(COUNTS)
        total, largest = sum(counts), index.data(LARGEST)
        area = rect.adjusted(theme.space(1), theme.space(0.5), -theme.space(1), -theme.space(0.75))
        line = QRect(area.left(), area.top(), area.width(), option.fontMetrics.height())
        number = f"{total:,}"
        wide = option.fontMetrics.horizontalAdvance(number) + theme.space(1)
        painter.setFont(option.font)
        painter.setPen(QColor(t.text))
        name = option.fontMetrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, line.width() - wide)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(QColor(t.text_muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        self._paint_bar(painter, QRect(area.left(), area.bottom() - 4, area.width(), 5), counts, largest)
        painter.restore()

    def _paint_bar(self, painter: QPainter, area: QRect, counts: tuple[int, ...], largest: int) -> None:
        t = theme.tokens()
        painter.fillRect(area, QColor(t.border))
        done = 0
        for number, count in enumerate(counts):
            left = area.left() + round(area.width() * done / max(1, largest))
            done += count
            right = area.left() + round(area.width() * done / max(1, largest))
            painter.fillRect(left, area.top(), right - left, area.height(), QColor(t.series[number]))

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        height = option.fontMetrics.height()
        return QSize(120, height + theme.space(2.25))


class ClassBars(QListView):
    """The list of classes.

    Signals:
        chosen(object): the label number, or None for all classes.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes = _Classes(self)
        self.setModel(self._classes)
        self.setItemDelegate(_Delegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Classes")
        self.setToolTip("Choose a class to see only its pictures")
        self.selectionModel().currentChanged.connect(self._current_changed)
        theme.watcher().changed.connect(self._themed)
        self._themed()

    @property
    def label(self) -> int | None:
        """The class that is chosen, or None for all."""
        row = self.currentIndex().row()
        return row - 1 if row > 0 else None

    def show_counts(self, names: tuple[str, ...], counts: np.ndarray, parted: bool) -> None:
        """Show the classes.

        Args:
            counts: int64, (classes, 3); before the split is known all may stand in the first column.
            parted: whether the columns mean training, validation and test.
        """
        same = names == self._classes._names
        self._classes.show_counts(names, counts, parted)
        if not same and names:
            self.selectionModel().blockSignals(True)
            self.setCurrentIndex(self._classes.index(0))
            self.selectionModel().blockSignals(False)

    def choose(self, label: int | None) -> None:
        """Choose a class, or all of them."""
        self.setCurrentIndex(self._classes.index(0 if label is None else label + 1))

    def _current_changed(self, current: QModelIndex, before: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(self.label)

    def _themed(self) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(theme.tokens().panel))
        self.setPalette(palette)
        self.viewport().update()
