"""The list of runs: which are drawn, how good each is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QWidget,
)

from engine.training.runs import RunInfo
from gui import theme
from gui.training.run_curves import hue_of
from gui.widgets.measure_words import measure_title, measure_value
from gui.widgets.words import duration

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
_BOX = 30
STATUS = {"running": "training", "finished": "finished", "stopped": "stopped", "failed": "failed"}
_GLYPH = {"running": "play", "finished": "success", "stopped": "pause", "failed": "problem"}
_COLOUR = {"running": "accent", "finished": "success", "stopped": "text_muted", "failed": "problem"}


def describe(run: RunInfo) -> str:
    """A run's second line: how it stands and what it took."""
    of = f" of {run.epochs}" if run.epochs and run.epochs_done < run.epochs else ""
    epochs = "epoch" if (run.epochs if of else run.epochs_done) == 1 else "epochs"
    parts = [STATUS[run.status], run.baseline or f"{run.epochs_done}{of} {epochs}"]
    if run.seconds:
        parts.append(duration(run.seconds))
    return " · ".join(parts)


class RunModel(QAbstractListModel):
    """Runs, newest first, each with a check for being drawn.

    Signals:
        checked_changed(): other runs are to be drawn.
        rename_wanted(object): (run, new name).
    """

    checked_changed = Signal()
    rename_wanted = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.runs: tuple[RunInfo, ...] = ()
        self.checked: set[str] = set()

    def set_runs(self, runs: Sequence[RunInfo]) -> None:
        newest_first = tuple(reversed(runs))
        if [run.name for run in newest_first] == [run.name for run in self.runs]:
            self.runs = newest_first
            if self.runs:
                self.dataChanged.emit(self.index(0), self.index(len(self.runs) - 1))
            return
        self.beginResetModel()
        self.runs = newest_first
        self.endResetModel()

    def show_live(self, name: str, **now: Any) -> None:
        """Show what the training tells of its run before the files are read again."""
        row = self.row_of(name)
        if row >= 0:
            self.runs = (*self.runs[:row], replace(self.runs[row], **now), *self.runs[row + 1 :])
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, name: str) -> int:
        return next((row for row, run in enumerate(self.runs) if run.name == name), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.runs)

    def flags(self, index: Index) -> Qt.ItemFlag:
        kind = Qt.ItemFlag
        return kind.ItemIsEnabled | kind.ItemIsSelectable | kind.ItemIsUserCheckable | kind.ItemIsEditable

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        run = self.runs[index.row()]
        if role in (Role.DisplayRole, Role.EditRole):
            return run.name
        if role == Role.CheckStateRole:
            return Qt.CheckState.Checked if run.name in self.checked else Qt.CheckState.Unchecked
        if role == Role.ToolTipRole:
            name = run.headline
            test = f"\nTest: {measure_title(name)} {measure_value(name, run.test[name])}" if name in run.test else ""
            why = f"\n{run.message}" if run.message else ""
            return f"{run.name}, {run.created.astimezone():%d %b %Y, %H:%M}\n{describe(run)}{test}{why}"
        if role == Role.AccessibleTextRole:
            return f"{run.name}, {describe(run)}, best {measure_title(run.headline)} {best_text(run)}"
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        run = self.runs[index.row()]
        if role == Role.CheckStateRole:
            self.check(run.name, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Role.EditRole and value and value != run.name:
            self.rename_wanted.emit((run, str(value)))
        return False

    def check(self, name: str, checked: bool) -> None:
        if checked == (name in self.checked):
            return
        self.checked ^= {name}
        row = self.row_of(name)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row), [Role.CheckStateRole])
        self.checked_changed.emit()


class _Delegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        assert isinstance(model, RunModel)
        view = option.widget
        assert isinstance(view, RunList)
        beside, below = self._lines(model.runs[index.row()], view.viewport().width() - _BOX - 14 - theme.space(1))
        body, small = QFontMetrics(theme.font("body")).height(), QFontMetrics(theme.font("small")).height()
        return QSize(160, body * (1 if beside else 2) + small * len(below) + theme.space(1.75))

    def _lines(self, run: RunInfo, width: int) -> tuple[bool, list[str]]:
        """Whether the value has room beside the name, and the description broken into lines."""
        body, small = QFontMetrics(theme.font("body")), QFontMetrics(theme.font("small"))
        value = best_text(run)
        beside = not value or body.horizontalAdvance(run.name) + body.horizontalAdvance(value) + 8 <= width
        room = width - small.height() - 3
        lines: list[str] = []
        for part in describe(run).split(" · "):
            longer = f"{lines[-1]} · {part}" if lines else part
            if lines and small.horizontalAdvance(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(part)
        return beside, lines

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        t = theme.tokens()
        model = index.model()
        assert isinstance(model, RunModel)
        run = model.runs[index.row()]
        area = QRect(option.rect)
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(area, QColor(t.accent_soft if chosen else t.hover))
        self._paint_box(painter, area, option, run.name in model.checked)
        hue = t.series[hue_of(run.name, len(model.runs) - 1 - index.row()) % len(t.series)]
        painter.setPen(QPen(QColor(hue if run.name in model.checked else t.border_strong), 3))
        painter.drawLine(area.x() + _BOX + 4, area.y() + 9, area.x() + _BOX + 4, area.bottom() - 8)
        words = area.adjusted(_BOX + 14, theme.space(0.75), -theme.space(1), -theme.space(0.75))
        body, small = theme.font("body"), theme.font("small")
        first = QRect(words.x(), words.y(), words.width(), QFontMetrics(body).height())
        value = best_text(run)
        beside, lines = self._lines(run, words.width())
        last = first if beside else first.translated(0, first.height())
        painter.setFont(body)
        painter.setPen(QColor(t.text))
        painter.drawText(last, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, value)
        room = first.width() - (QFontMetrics(body).horizontalAdvance(value) + 8 if beside else 0)
        name = QFontMetrics(body).elidedText(run.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        metrics = QFontMetrics(small)
        second = QRect(words.x(), last.bottom() + 1, words.width(), metrics.height())
        side = metrics.height() - 2
        theme.icon(_GLYPH[run.status], _COLOUR[run.status]).paint(painter, second.x(), second.y() + 1, side, side)
        painter.setFont(small)
        painter.setPen(QColor(t.text_muted))
        below = second.adjusted(side + 5, 0, 0, 0)
        for number, line in enumerate(lines):
            text = metrics.elidedText(line, Qt.TextElideMode.ElideRight, below.width())
            place = below.translated(0, number * metrics.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _paint_box(self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, checked: bool) -> None:
        box = QStyleOptionButton()
        box.rect = QRect(area.x() + 8, area.center().y() - 8, 17, 17)
        on = QStyle.StateFlag.State_On if checked else QStyle.StateFlag.State_Off
        box.state = QStyle.StateFlag.State_Enabled | on
        box.palette = option.palette
        option.widget.style().drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorCheckBox, box, painter, option.widget)

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        area = QRect(option.rect)
        editor.setGeometry(area.adjusted(_BOX + 8, 2, -4, -area.height() // 3))

    def editorEvent(self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: Index) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease:
            if event.position().x() <= QRect(option.rect).x() + _BOX:
                return self._toggle(model, index)
            return False
        key = getattr(event, "key", None)
        if event.type() == QEvent.Type.KeyPress and key is not None and key() in (Qt.Key.Key_Space, Qt.Key.Key_Select):
            return self._toggle(model, index)
        return False

    def _toggle(self, model: QAbstractItemModel, index: Index) -> bool:
        on = model.data(index, Role.CheckStateRole) == Qt.CheckState.Checked
        return model.setData(index, Qt.CheckState.Unchecked if on else Qt.CheckState.Checked, Role.CheckStateRole)


class RunList(QListView):
    """The view. `actions_for` gives the commands of the run under the pointer.

    Signals:
        chosen(object): the `RunInfo` that the keyboard is on now.
        opened(object): one that was double-clicked or opened by Enter.
    """

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, actions_for: Callable[[], list[QAction]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs_model = RunModel(self)
        self._actions_for = actions_for
        self.setModel(self.runs_model)
        self.setItemDelegate(_Delegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setAccessibleName("Runs")
        self.setToolTip("Space draws a run or takes it out of the plots, F2 renames it, Delete moves it to the trash")
        self.selectionModel().currentChanged.connect(self._moved)
        theme.watcher().changed.connect(self.scheduleDelayedItemsLayout)

    @property
    def current_run(self) -> RunInfo | None:
        index = self.currentIndex()
        return self.runs_model.runs[index.row()] if index.isValid() else None

    def select(self, name: str) -> None:
        """Put the keyboard on the run called `name`."""
        row = self.runs_model.row_of(name)
        if row >= 0 and row != self.currentIndex().row():
            self.setCurrentIndex(self.runs_model.index(row))

    def rename_current(self) -> None:
        if self.currentIndex().isValid():
            self.edit(self.currentIndex())

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.runs_model.runs[now.row()])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.position().x() > _BOX:
            self.opened.emit(self.runs_model.runs[index.row()])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        run = self.current_run
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and run is not None:
            self.opened.emit(run)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos()) if event.reason() == QContextMenuEvent.Reason.Mouse else self.currentIndex()
        if not index.isValid():
            return
        self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self._actions_for())
        menu.popup(event.globalPos() if event.reason() == QContextMenuEvent.Reason.Mouse else self._below(index))

    def _below(self, index: QModelIndex) -> QPoint:
        return self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())


def best_text(run: RunInfo) -> str:
    """The best value of a run by its own measure; "" before there is one."""
    return measure_value(run.headline, run.best_value) if run.best_value is not None else ""
