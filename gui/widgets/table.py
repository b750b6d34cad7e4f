"""A table that sorts by its values, copies as text and exports as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QWidget

from gui import theme
from gui.widgets.exports import Export, csv_bytes

Index = QModelIndex | QPersistentModelIndex
NO_PARENT = QModelIndex()


@dataclass(frozen=True)
class Column:
    """One column: its heading, how a value is shown, what it means, and whether it holds numbers."""

    title: str
    show: Callable[[Any], str] = str
    help: str = ""
    number: bool = False


class TableModel(QAbstractTableModel):
    """Rows of plain values; None is undefined and shown as a dash."""

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: Sequence[Sequence[Any]] = ()

    def set_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{column.title}: {self.text(index.row(), index.column())}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            column = self.columns[section]
            if role == Qt.ItemDataRole.DisplayRole:
                return column.title
            if role == Qt.ItemDataRole.ToolTipRole:
                return column.help or column.title
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
                return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def text(self, row: int, column: int) -> str:
        value = self.rows[row][column]
        return "–" if value is None else self.columns[column].show(value)


class _Sorted(QSortFilterProxyModel):
    """Sorts by the values, not their texts; what is undefined comes last when the largest come first."""

    def lessThan(self, left: Index, right: Index) -> bool:
        source = self.sourceModel()
        assert isinstance(source, TableModel)
        a, b = source.rows[left.row()][left.column()], source.rows[right.row()][right.column()]
        if a is None or b is None:
            return a is None and b is not None
        if isinstance(a, str):
            return a.casefold() < str(b).casefold()
        return bool(a < b)


class Table(QTableView):
    """Shows rows under columns.

    Signals:
        current_row_changed(object): the row's number in what `set_rows` was given, or -1.
        opened(object): the same, when it was double-clicked or opened by Enter.
        export_wanted(object): an `Export` of all rows as CSV.
    """

    current_row_changed = Signal(object)
    opened = Signal(object)
    export_wanted = Signal(object)

    def __init__(
        self, columns: Sequence[Column], name: str, parent: QWidget | None = None, *, roomy: bool = True
    ) -> None:
        """`roomy`: the first column takes the room that is left. Without it, as for many columns, each is as wide as
        what stands in it and the last one takes the rest.
        """
        super().__init__(parent)
        self._name = name
        self._source = TableModel(columns, self)
        self._sorted = _Sorted(self)
        self._sorted.setSourceModel(self._source)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.space(1))
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        if roomy:
            head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        else:
            head.setStretchLastSection(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.copy_action = self._action("Copy rows", self.copy, QKeySequence(QKeySequence.StandardKey.Copy))
        self.export_action = self._action("Export as CSV…", lambda: self.export_wanted.emit(self.export()))
        self.activated.connect(lambda index: self.opened.emit(self._sorted.mapToSource(index).row()))
        self.selectionModel().currentChanged.connect(
            lambda now, _before: self.current_row_changed.emit(self._sorted.mapToSource(now).row())
        )

    def set_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Show `rows`, one value per column, sorted as before."""
        self._source.set_rows(rows)

    def shown_rows(self) -> list[int]:
        """The rows' numbers in the order in which they are shown."""
        return [
            self._sorted.mapToSource(self._sorted.index(place, 0)).row() for place in range(self._sorted.rowCount())
        ]

    def select_row(self, row: int) -> None:
        """Put the keyboard on a row, by its number in what was given."""
        self.setCurrentIndex(self._sorted.mapFromSource(self._source.index(row, 0)))

    def copy(self) -> None:
        """Copy the selected rows, or all, as tab-separated text with headings."""
        chosen = {index.row() for index in self.selectionModel().selectedRows()}
        places = sorted(chosen) or range(self._sorted.rowCount())
        rows = [self._sorted.mapToSource(self._sorted.index(place, 0)).row() for place in places]
        count = range(len(self._source.columns))
        lines = ["\t".join(column.title for column in self._source.columns)]
        lines += ["\t".join(self._source.text(row, column) for column in count) for row in rows]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")

    def export(self) -> Export:
        """All rows in the order shown, with their full values, as CSV."""
        head = [column.title for column in self._source.columns]
        rows = [self._source.rows[row] for row in self.shown_rows()]
        return Export(f"{self._name.lower().replace(' ', '-')}.csv", "Table", csv_bytes(head, rows))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Qt's own copying takes one cell.
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self.copy_action, self.export_action])
        menu.popup(event.globalPos())

    def _action(self, text: str, slot: Callable[[], object], shortcut: QKeySequence | None = None) -> QAction:
        action = QAction(text, self)
        if shortcut is not None:
            action.setShortcut(shortcut)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: slot())
        self.addAction(action)
        return action
