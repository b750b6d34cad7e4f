"""The palette's entries under headings that fold; drag one onto the drawing, or double-click to insert it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QTreeWidget, QTreeWidgetItem, QWidget

from gui import theme
from gui.builder.my_blocks import MyBlocks
from gui.builder.palette_parts import (
    Part,
    Section,
    block_section,
    layer_sections,
    my_section,
    network_section,
    rank,
)
from gui.canvas.tools.drop import BLOCK_MIME, LAYER_MIME, mime_of
from gui.document.gallery import Gallery

_PART = Qt.ItemDataRole.UserRole
_KEY = Qt.ItemDataRole.UserRole + 1


class PaletteTree(QTreeWidget):
    """Signals: chosen(object): what to insert, by double-click or Enter; network(object): id of one to open."""

    chosen = Signal(object)
    network = Signal(object)

    def __init__(self, mine: MyBlocks, gallery: Gallery, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mine = mine
        self._gallery = gallery
        self._folded: dict[str, bool] = {}
        self._words: list[str] = []
        self._filling = False
        self.setHeaderHidden(True)
        self.setAccessibleName("Layers and blocks")
        self.setDragEnabled(True)
        self.setDragDropMode(QTreeWidget.DragDropMode.DragOnly)
        self.setEditTriggers(QTreeWidget.EditTrigger.EditKeyPressed)
        self.setIndentation(theme.space(1.5))
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setIconSize(QSize(26, 18))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.itemActivated.connect(lambda item, column: self._choose(item))
        self.itemClicked.connect(lambda item, column: self._turn(item))
        self.itemExpanded.connect(lambda item: self._remember(item, folded=False))
        self.itemCollapsed.connect(lambda item: self._remember(item, folded=True))
        self.itemChanged.connect(self._renamed)
        for section in (*layer_sections(), block_section(), my_section(()), network_section(())):
            self._add_section(section)
        self._recolour()
        mine.changed.connect(self._show_mine)
        gallery.changed.connect(self._show_networks)
        theme.watcher().changed.connect(self._recolour)
        self._show_networks()

    # finding

    def filter(self, text: str) -> int:
        """Show only what matches every word of `text`; returns how much, and makes the best match current."""
        self._words = text.lower().split()
        matches: list[tuple[int, QTreeWidgetItem]] = []
        self._filling = True
        for section in self._sections():
            any_shown = False
            for item in _children(section):
                part = _part(item)
                shown = part is not None and all(word in part.words for word in self._words)
                item.setHidden(not shown)
                any_shown |= shown
                if shown:
                    matches.append((rank(item.text(0).lower(), self._words), item))
            section.setHidden(not any_shown)
            section.setExpanded(bool(self._words) or not self._folded[section.data(0, _KEY)])
        self._filling = False
        if self._words and matches:
            self.setCurrentItem(min(matches, key=lambda match: match[0])[1])
        return len(matches)

    def item_of(self, key: str) -> QTreeWidgetItem:
        """The row of a layer type, of a block's id, or of one of the user's blocks by its name."""
        for section in self._sections():
            for item in _children(section):
                part = _part(item)
                if part is not None and key in (part.key, part.saved.name if part.saved else ""):
                    return item
        raise KeyError(key)

    def choose_current(self) -> None:
        """Insert the current entry."""
        item = self.currentItem()
        if item is not None and not item.isHidden():
            self._choose(item)

    def mimeTypes(self) -> list[str]:
        return [LAYER_MIME, BLOCK_MIME]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        parts = [part for part in map(_part, items) if part is not None and part.make is not None]
        return mime_of(parts[0].make()) if parts and parts[0].make is not None else QMimeData()

    # filling

    def _add_section(self, section: Section, index: int | None = None) -> QTreeWidgetItem:
        head = QTreeWidgetItem([section.title])
        head.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        head.setData(0, _KEY, section.key)
        self._folded.setdefault(section.key, not section.open)
        self.addTopLevelItem(head)
        self._fill(head, section)
        return head

    def _fill(self, head: QTreeWidgetItem, section: Section) -> None:
        self._filling = True
        head.takeChildren()
        for part in section.parts:
            item = QTreeWidgetItem(head, [part.label])
            item.setData(0, _PART, part)
            item.setToolTip(0, part.tip)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if part.make is not None:
                flags |= Qt.ItemFlag.ItemIsDragEnabled
            if part.saved is not None:
                flags |= Qt.ItemFlag.ItemIsEditable
            item.setFlags(flags)
            item.setIcon(0, _picture(part))
        head.setHidden(not section.parts)
        head.setExpanded(not self._folded[section.key])
        self._filling = False

    def _show_mine(self) -> None:
        self._refill(my_section(self._mine.blocks))

    def _show_networks(self) -> None:
        entries = self._gallery.entries
        self._refill(network_section((one.id, one.name, one.year, one.idea) for one in entries))

    def _refill(self, section: Section) -> None:
        head = next(item for item in self._sections() if item.data(0, _KEY) == section.key)
        self._fill(head, section)
        if self._words:
            self.filter(" ".join(self._words))

    def _recolour(self) -> None:
        muted = QColor(theme.tokens().text_muted)
        self._filling = True
        for section in self._sections():
            section.setForeground(0, muted)
            section.setFont(0, theme.font("small"))
            for item in _children(section):
                part = _part(item)
                if part is not None:
                    item.setIcon(0, _picture(part))
        self._filling = False

    # what a person does

    def _choose(self, item: QTreeWidgetItem) -> None:
        part = _part(item)
        if part is None:
            return
        if part.make is not None:
            self.chosen.emit(part.make())
        else:
            self.network.emit(part.key)

    def _turn(self, item: QTreeWidgetItem) -> None:
        """A click anywhere on a heading folds it, not only one on its small arrow."""
        if _part(item) is None:
            item.setExpanded(not item.isExpanded())

    def _remember(self, item: QTreeWidgetItem, folded: bool) -> None:
        if not self._filling and not self._words:
            self._folded[item.data(0, _KEY)] = folded

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        part = _part(item)
        if not self._filling and part is not None and part.saved is not None and item.text(0) != part.label:
            self._mine.rename(part.saved, item.text(0))
            self._filling = True
            item.setText(0, part.label)
            self._filling = False

    def _menu(self, where: QPoint) -> None:
        item = self.itemAt(where)
        part = _part(item) if item is not None else None
        if item is None or part is None or part.saved is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(theme.icon("edit"), "Rename (F2)", lambda: self.editItem(item, 0))
        menu.addAction(theme.icon("delete"), "Delete (Del)", lambda: self._delete(part))
        menu.popup(self.viewport().mapToGlobal(where))

    def _delete(self, part: Part) -> None:
        if part.saved is not None:
            self._mine.delete(part.saved)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        part = _part(item) if item is not None else None
        if event.key() == Qt.Key.Key_Delete and part is not None and part.saved is not None:
            self._delete(part)
        else:
            super().keyPressEvent(event)

    def _sections(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(index) for index in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]


def _part(item: QTreeWidgetItem) -> Part | None:
    return item.data(0, _PART)


def _children(section: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (section.child(index) for index in range(section.childCount()))
    return [item for item in found if item is not None]


def _picture(part: Part) -> QIcon:
    """A bar in the category's colour, as on the cards, and the layer's sign."""
    picture = QPixmap(52, 36)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.category_colour(part.category)))
    painter.drawRoundedRect(1, 1, 5, 16, 2, 2)
    theme.icon(part.icon, "text_muted").paint(painter, 9, 1, 16, 16)
    painter.end()
    return QIcon(picture)
