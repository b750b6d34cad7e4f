"""The command palette: type a few letters, press Enter. It finds commands, pages, networks and recent projects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme

MOST = 60
WIDTH = 600
_COMMAND = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Command:
    """One line of the palette.

    Attributes:
        group: what kind of thing it is, such as "File" or "Network"; shown greyed before the words.
        keys: its shortcut as the platform writes it.
        blocked: why it cannot be used now; "" when it can.
    """

    text: str
    group: str
    run: Callable[[], object]
    icon: str = "command"
    keys: str = ""
    keywords: str = ""
    blocked: str = ""


def score(query: str, text: str, keywords: str = "") -> int:
    """How well `text` answers `query`; 0 for not at all. Beginnings of words count most, letters in order least."""
    wanted, offered = query.casefold().split(), text.casefold()
    if not wanted:
        return 1
    total = 0
    extra = keywords.casefold()
    for part in wanted:
        at = offered.find(part)
        if at == 0:
            total += 100
        elif at > 0:
            total += 70 if not offered[at - 1].isalnum() else 40
        elif part in extra:
            total += 30
        elif _in_order(part, offered):
            total += 10
        else:
            return 0
    return total * 10 - min(len(text), 99) // 10


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return len(letters) > 1 and all(letter in rest for letter in letters)


class _Line(QStyledItemDelegate):
    """Paints one command: icon, group, words, shortcut at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: object) -> QSize:
        return QSize(WIDTH, option.fontMetrics.height() + theme.space(1.75))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: object) -> None:
        command: Command = index.data(_COMMAND)  # type: ignore[attr-defined]
        t = theme.tokens()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = option.rect.adjusted(4, 1, -4, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(t.accent_soft))
            painter.drawRoundedRect(area, 6, 6)
        side = theme.icon_side(17)
        icon = theme.icon(command.icon, "text_muted")
        icon.paint(painter, area.left() + 10, area.center().y() - side // 2, side, side)
        middle = Qt.AlignmentFlag.AlignVCenter
        room = area.adjusted(side + 21, 0, -10, 0)
        metrics = option.fontMetrics
        aside = command.blocked or command.keys
        painter.setPen(QColor(t.text_muted))
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, aside)
        room.setRight(room.right() - metrics.horizontalAdvance(aside) - 12)
        group = f"{command.group}  "
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, group)
        room.setLeft(room.left() + metrics.horizontalAdvance(group))
        painter.setPen(QColor(t.text_muted if command.blocked else t.text))
        words = metrics.elidedText(command.text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, words)
        painter.restore()


class CommandPalette(QWidget):
    """Lies over the window while it is open. `offer` is asked for the commands each time it opens.

    Signals: `closed()`.
    """

    closed = Signal()

    def __init__(self, over: QWidget, offer: Callable[[], Iterable[Command]]) -> None:
        super().__init__(over)
        self._over, self._offer = over, offer
        self._commands: list[Command] = []
        self._before: QWidget | None = None
        self.setAccessibleName("Command palette")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(1), theme.space(1), theme.space(1), theme.space(1))
        column.setSpacing(theme.space(0.75))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Type a command, a page, a network or a project")
        self.field.setAccessibleName("Search or command")
        self.field.setToolTip("Type, choose with the arrow keys, run with Enter, close with Esc")
        mark = self.field.addAction(theme.icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition)
        mark.setText("Search")
        mark.setToolTip("Search")
        self.list = QListWidget(self)
        self.list.setAccessibleName("Found commands")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setItemDelegate(_Line(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.nothing = QLabel("Nothing is called that. Try fewer letters.", self)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.hide()
        for widget in (self.field, self.list, self.nothing):
            column.addWidget(widget)
        self.field.textChanged.connect(self._find)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(self._run)
        over.installEventFilter(self)
        self.hide()

    def open(self, text: str = "") -> None:
        """Show it with `text` in the field."""
        self._before = self._over.focusWidget()
        self._commands = list(self._offer())
        self.field.setText(text)
        self._find(text)
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)
        self.field.selectAll()

    def close_palette(self) -> None:
        """Hide it and give the keyboard back to whoever had it."""
        if self.isHidden():
            return
        self.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.PopupFocusReason)
        self._before = None
        self.closed.emit()

    def _find(self, text: str) -> None:
        ranked = [
            (score(text, command.text, f"{command.group} {command.keywords}"), command) for command in self._commands
        ]
        found = sorted((pair for pair in ranked if pair[0]), key=lambda pair: (-pair[0], bool(pair[1].blocked)))
        self.list.clear()
        for _, command in found[:MOST]:
            item = QListWidgetItem(command.text)
            item.setData(_COMMAND, command)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)

    def _run(self, item: QListWidgetItem | None) -> None:
        command: Command | None = item.data(_COMMAND) if item is not None else None
        if command is None or command.blocked:
            return
        self.close_palette()
        command.run()

    def _place(self) -> None:
        wide = max(WIDTH, self.fontMetrics().averageCharWidth() * 80)
        width = min(wide, self._over.width() - theme.space(4))
        height = min(440, self._over.height() - theme.space(12))
        self.setGeometry((self._over.width() - width) // 2, theme.space(7), width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over:
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self._place()
            return False
        if event.type() == QEvent.Type.FocusOut and not self.isAncestorOf(self._over.focusWidget() or self):
            self.close_palette()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        elif key == Qt.Key.Key_Escape:
            self.close_palette()
        elif key in steps and self.list.count():
            step, last = steps[Qt.Key(key)], self.list.count() - 1
            row = self.list.currentRow() + step
            # The arrows go round; the page keys stop at the ends.
            self.list.setCurrentRow(row % (last + 1) if abs(step) == 1 else max(0, min(row, last)))
        elif key != Qt.Key.Key_Tab:
            return False
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(t.border_strong))
        painter.setBrush(QColor(t.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
