"""Finding a layer: type part of its name, type, settings or problem; Enter goes from one match to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QToolButton, QVBoxLayout

from engine.graph.paths import join
from engine.graph.spec import NetworkSpec
from gui import theme
from gui.canvas.blocks import Blocks
from gui.canvas.card import card_of
from gui.widgets.notes import ThemedLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from engine.graph.results import Analysis

MOST = 200
_ROWS = 8


@dataclass(frozen=True)
class Found:
    """A node by its path, with what the list says about it."""

    path: str
    title: str
    summary: str
    problem: str = ""


def search(network: NetworkSpec, text: str, problems: dict[str, str], path: str = "") -> Iterator[Found]:
    """Nodes at every depth whose name, type, settings or problem hold every word of `text`; "a.b" is part of a path."""
    words = text.lower().split()
    for node in network.nodes:
        here = join(path, node.id)
        card = card_of(node)
        problem = problems.get(here, "")
        fault = f"problem {problem}" if problem else ""
        held = f"{node.id} {node.type} {card.title} {card.summary} {_settings(node.params)} {fault}".lower()
        if words and all(word in (here if "." in word else held) for word in words):
            yield Found(here, card.title, card.summary, problem)
        if node.subgraph is not None:
            yield from search(node.subgraph, text, problems, here)


def _settings(params: object) -> str:
    return " ".join(f"{name}={value} {name} {value}" for name, value in dict(params).items() if name != "exposed")  # type: ignore[call-overload]


class FindBar(QFrame):
    """Lies over the drawing while it is wanted. Signals: closed(): it is put away; resized(): it has another size."""

    closed = Signal()
    resized = Signal()

    def __init__(self, blocks: Blocks, parent: QWidget) -> None:
        super().__init__(parent)
        self._blocks = blocks
        self._problems: dict[str, str] = {}
        self.found: list[Found] = []
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Find by name, type, setting or problem")
        self.field.setAccessibleName("Find a layer on the drawing")
        self.field.setToolTip("Enter goes to the next match, Shift+Enter back, Escape closes")
        self.field.setMinimumWidth(theme.space(36))
        self.count = ThemedLabel("", "text_muted", "small", self)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        for icon, tip, deed in (
            ("up", "Previous match (Shift+Enter)", lambda: self.go(-1)),
            ("down", "Next match (Enter)", lambda: self.go(1)),
            ("close", "Close (Escape)", self.put_away),
        ):
            button = QToolButton(self)
            button.setIcon(theme.icon(icon))
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setAutoRaise(True)
            button.clicked.connect(deed)
            row.addWidget(button)
        self.list = QListWidget(self)
        self.list.setAccessibleName("Matches")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.itemClicked.connect(lambda item: self._show(self.list.row(item)))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1), theme.space(0.5))
        column.setSpacing(theme.space(0.5))
        column.addLayout(row)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self.hide()

    def start(self) -> None:
        """Show the bar and put the keyboard into it."""
        self.show()
        self.raise_()
        self._search(self.field.text())
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def put_away(self) -> None:
        """Hide the bar."""
        self.hide()
        self.closed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    def show_analysis(self, analysis: Analysis) -> None:
        """Take over the problems, so that they can be found by their words."""
        self._problems = {p.node: p.message for p in analysis.problems if p.node is not None}

    def go(self, step: int) -> None:
        """Show the next match on the drawing, or with -1 the one before."""
        if self.found:
            here = self.list.currentRow()
            self._show((here + step) % len(self.found) if here >= 0 else 0 if step > 0 else len(self.found) - 1)

    def _search(self, text: str) -> None:
        spec = self._blocks.scene.network
        self.found = []
        for one in search(spec, text, self._problems):
            self.found.append(one)
            if len(self.found) >= MOST:
                break
        self.list.clear()
        for one in self.found:
            item = QListWidgetItem(f"{one.path.replace('.', ' › ')}   {one.title}  {one.summary}")
            item.setToolTip(one.problem or one.path)
            if one.problem:
                item.setIcon(theme.icon("problem", "problem"))
            self.list.addItem(item)
        self.list.setVisible(bool(self.found))
        self.list.setFixedHeight(self.list.sizeHintForRow(0) * min(_ROWS, len(self.found)) + 4 if self.found else 0)
        self._count()
        self.adjustSize()

    def _show(self, row: int) -> None:
        self.list.setCurrentRow(row)
        self._blocks.show(self.found[row].path)
        self._count()

    def _count(self) -> None:
        many = f"{len(self.found)}{'+' if len(self.found) >= MOST else ''}"
        row = self.list.currentRow()
        text = "" if not self.field.text().strip() else "No match" if not self.found else f"{many} found"
        self.count.setText(f"{row + 1} of {many}" if self.found and row >= 0 else text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go(-1 if back else 1)
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.go(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.put_away()
                return True
        return super().eventFilter(watched, event)
