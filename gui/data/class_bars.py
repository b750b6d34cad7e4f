"""The classes with a bar each: how many of what, and in which part of the split. Choosing one shows its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui import theme
from gui.data.split_bar import NAMES
from gui.widgets.words import percent

_Index = QModelIndex | QPersistentModelIndex
COUNTS = int(Qt.ItemDataRole.UserRole)
LARGEST = COUNTS + 1
FIGURE = COUNTS + 2
BELOW = COUNTS + 3
_TIPS = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)


@dataclass(frozen=True)
class Tally:
    """What the numbers mean where classes are not counted by pictures; the first of each is for all classes.

    Attributes:
        figures: the number of each row with its unit, such as "412" or "12.4 %".
        below: the words below, which go on from the figure: "boxes in 230 pictures".
        shares: whether parts of the split are told as shares.
    """

    figures: tuple[str, ...]
    below: tuple[str, ...]
    shares: bool = False


class _Classes(QAbstractListModel):
    """Row 0 is all classes together."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts = np.zeros((0, 3), np.int64)
        self._parted = False
        self._tally: Tally | None = None

    def show_counts(self, names: tuple[str, ...], counts: np.ndarray, parted: bool, tally: Tally | None = None) -> None:
        worded = (tally is None) != (self._tally is None)  # rows are of another height then
        if names != self._names or worded:
            self.beginResetModel()
            self._names, self._counts, self._parted, self._tally = names, counts, parted, tally
            self.endResetModel()
        else:
            self._counts, self._parted, self._tally = counts, parted, tally
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
        tally = self._tally
        if role == FIGURE:
            return f"{int(counts.sum()):,}" if tally is None else tally.figures[row]
        if role == BELOW:
            return "" if tally is None else tally.below[row]
        if role in _TIPS and tally is not None:
            return f"{name}: {tally.figures[row]} {tally.below[row]}" + self._by_part(counts, tally)
        if role in _TIPS:
            parts = ", ".join(f"{count:,} {part.lower()}" for part, count in zip(NAMES, counts, strict=True))
            return f"{name}: {int(counts.sum()):,} pictures" + (f" ({parts})" if self._parted else "")
        if role == COUNTS:
            return tuple(int(count) for count in counts)
        if role == LARGEST:
            # The sum of all would dwarf the classes, so its own bar fills the width.
            return int(counts.sum()) if row == 0 else int(self._counts.sum(axis=1).max(initial=0))
        return None

    def _by_part(self, counts: np.ndarray, tally: Tally) -> str:
        total = int(counts.sum())
        if not self._parted or not total:
            return ""
        if tally.shares:
            words = [f"{percent(count / total)} {part.lower()}" for part, count in zip(NAMES, counts, strict=True)]
        else:
            words = [f"{count:,} {part.lower()}" for part, count in zip(NAMES, counts, strict=True)]
        return f" ({', '.join(words)})"


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
        largest = index.data(LARGEST)
        area = rect.adjusted(theme.space(1), theme.space(0.5), -theme.space(1), -theme.space(0.75))
        line = QRect(area.left(), area.top(), area.width(), option.fontMetrics.height())
        number, below = index.data(FIGURE), index.data(BELOW)
        wide = option.fontMetrics.horizontalAdvance(number) + theme.space(1)
        painter.setFont(option.font)
        painter.setPen(QColor(t.text))
        name = option.fontMetrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, line.width() - wide)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(QColor(t.text_muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, number)
        if below:
            painter.setFont(theme.font("small"))
            room = QRect(line.left(), line.bottom() + 1, line.width(), painter.fontMetrics().height())
            words = painter.fontMetrics().elidedText(below, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
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
        if index.data(BELOW):
            height += QFontMetrics(theme.font("small")).height() + 1
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

    def show_counts(self, names: tuple[str, ...], counts: np.ndarray, parted: bool, tally: Tally | None = None) -> None:
        """Show the classes.

        Args:
            counts: int64, (classes, 3); before the split is known all may stand in the first column.
            parted: whether the columns mean training, validation and test.
            tally: what is counted, if not pictures.
        """
        kept = self.currentIndex().row() if names == self._classes._names else 0
        self._classes.show_counts(names, counts, parted, tally)
        if names and self.currentIndex().row() != kept:
            self.selectionModel().blockSignals(True)
            self.setCurrentIndex(self._classes.index(max(kept, 0)))
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
