"""The gallery in a window of its own: find a famous network, read its card, set its options, open it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.context import Context
from gui.shell.gallery_card import GalleryCard
from gui.widgets.notes import QuietLabel

if TYPE_CHECKING:
    from engine.gallery.base import GalleryEntry

_ID = Qt.ItemDataRole.UserRole


class GalleryBrowser(QDialog):
    """Not modal: it may stay open beside the window while one network after another is looked at."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._wanted = ""
        self._groups: dict[str, QTreeWidgetItem] = {}
        self._items: dict[str, QTreeWidgetItem] = {}
        self.setWindowTitle("Gallery of famous networks")
        self.setModal(False)
        self.resize(theme.space(130), theme.space(88))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search by name, author, year or task")
        self.search.setAccessibleName("Search the gallery")
        self.search.setToolTip("Shows the networks whose card has all these words")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName("Networks by task")
        self.tree.setToolTip("Enter opens the chosen network on the drawing")
        self.tree.currentItemChanged.connect(lambda now, before: self._choose(now))
        self.tree.itemActivated.connect(lambda item, column: self.draw())
        self.count = QuietLabel("The gallery is being read.", self)
        self.card = GalleryCard(context, self)
        self.card.hide()
        self._arrange()
        context.gallery.changed.connect(self._fill)
        self._fill()

    def _arrange(self) -> None:
        self.open_here = QPushButton(theme.icon("build"), "Open on the &drawing", self)
        self.open_here.setToolTip("Replace the network of this project, as a step that can be undone")
        self.open_here.clicked.connect(self.draw)
        self.open_new = QPushButton(theme.icon("new"), "&New project with it", self)
        self.open_new.setToolTip("Start a project with this network and pictures of its size")
        self.open_new.clicked.connect(self.start)
        away = QPushButton("Close", self)
        away.setToolTip("Close the gallery (Esc)")
        away.clicked.connect(self.close)
        for button in (self.open_here, self.open_new, away):
            button.setAutoDefault(False)
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.tree, self.count):
            column.addWidget(widget)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(left)
        split.addWidget(self.card)
        split.setSizes([280, 720])
        split.setStretchFactor(1, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.open_here)
        foot.addWidget(self.open_new)
        foot.addStretch(1)
        foot.addWidget(away)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addLayout(foot)
        self._offer(False)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._context.gallery.load()
        self.search.setFocus()

    def show_network(self, id: str = "") -> None:
        """Come up, with this network's card if one is named."""
        self._wanted = id
        self.show()
        self.raise_()
        self.activateWindow()
        self._select(id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.tree.setFocus()
        else:
            super().keyPressEvent(event)

    # listing

    def _fill(self) -> None:
        entries = self._context.gallery.entries
        if not entries:
            return
        self.tree.clear()
        self._groups, self._items = {}, {}
        for entry in entries:
            if entry.task not in self._groups:
                group = QTreeWidgetItem(self.tree, [entry.task[:1].upper() + entry.task[1:]])
                group.setFlags(Qt.ItemFlag.ItemIsEnabled)
                group.setExpanded(True)
                self._groups[entry.task] = group
            item = QTreeWidgetItem(self._groups[entry.task], [f"{entry.name}  {entry.year}"])
            item.setData(0, _ID, entry.id)
            item.setToolTip(0, entry.idea)
            self._items[entry.id] = item
        self._filter(self.search.text())
        self._select(self._wanted or entries[0].id)

    def _filter(self, text: str) -> None:
        words = text.casefold().split()
        entries = self._context.gallery.entries
        fitting = {entry.id for entry in entries if _fits(entry, words)}
        for id, item in self._items.items():
            item.setHidden(id not in fitting)
        for task, group in self._groups.items():
            group.setHidden(not any(entry.id in fitting for entry in entries if entry.task == task))
        if entries:
            count = f"{len(fitting)} of {len(entries)} networks" if words else f"{len(entries)} networks"
            none = f"No network has “{text.strip()}” on its card. Search for less, or for another author or year."
            self.count.setText(count if fitting else none)

    def _select(self, id: str) -> None:
        item = self._items.get(id)
        if item is not None:
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        id = item.data(0, _ID) if item is not None else None
        entry = next((one for one in self._context.gallery.entries if one.id == id), None)
        if entry is not None:
            self.card.show()
            self.card.show_entry(entry)
        self._offer(entry is not None)

    def _offer(self, possible: bool) -> None:
        self.open_here.setEnabled(possible)
        self.open_new.setEnabled(possible)

    # opening

    def draw(self) -> None:
        """Put the network, with its options, on the drawing."""
        if self.card.entry is not None:
            self._context.navigate("build", famous=self.card.entry.id, options=self.card.options)

    def start(self) -> None:
        """Begin a project with the network."""
        if self.card.entry is not None:
            self._context.gallery.open(self.card.entry.id, **self.card.options)
            self._context.navigate("build")


def _fits(entry: GalleryEntry, words: list[str]) -> bool:
    text = f"{entry.id} {entry.name} {entry.authors} {entry.year} {entry.task} {entry.idea}".casefold()
    return all(word in text for word in words)
