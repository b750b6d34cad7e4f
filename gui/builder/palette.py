"""The layers to choose from, by category, with a search; drag one onto the drawing, or double-click to insert it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from engine.layers.base import LAYERS, Layer
from gui import theme
from gui.canvas.tools.drop import LAYER_MIME, mime_of
from gui.widgets.notes import QuietLabel

_TYPE = Qt.ItemDataRole.UserRole
_WORDS = Qt.ItemDataRole.UserRole + 1
# The order in which a network is usually built; whatever else there is follows.
_ORDER = (
    "input",
    "convolution",
    "pooling",
    "activation",
    "normalisation",
    "dense",
    "regularisation",
    "shape",
    "merge",
    "recurrent",
    "attention",
)
_NAMES = {"input": "Input and output", "shape": "Shape", "merge": "Merge branches"}


class Palette(QWidget):
    """Signals: chosen(object): the type of the layer to insert."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search layers")
        self.search.setAccessibleName("Search layers")
        self.search.setToolTip("Type a name or a purpose; Enter inserts the first match (/ on the drawing)")
        self.search.setClearButtonEnabled(True)
        mark = self.search.addAction(theme.icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition)
        mark.setToolTip("Search layers")
        self.tree = LayerTree(self)
        self._none = QuietLabel("", self)
        self._none.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.space(1), theme.space(1), theme.space(1), theme.space(1))
        layout.setSpacing(theme.space(1))
        layout.addWidget(self.search)
        layout.addWidget(self._none)
        layout.addWidget(self.tree, 1)
        layout.addWidget(QuietLabel("Drag a layer onto the drawing, or double-click it to insert it.", self))
        self.search.textChanged.connect(self._filter)
        self.search.installEventFilter(self)
        self.tree.chosen.connect(self.chosen)

    def start_search(self) -> None:
        """Put the keyboard into the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _filter(self, text: str) -> None:
        found = self.tree.filter(text)
        self._none.setText(f"No layer matches “{text.strip()}”." if not found else "")
        self._none.setVisible(not found)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.tree.choose_current()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.tree.setFocus()
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)


class LayerTree(QTreeWidget):
    """The layers under their categories. Signals: chosen(object): a type, by double-click or Enter."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setAccessibleName("Layers")
        self.setDragEnabled(True)
        self.setDragDropMode(QTreeWidget.DragDropMode.DragOnly)
        self.setIndentation(theme.space(1))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setIconSize(QSize(10, 18))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(lambda item, column: self._choose(item))
        self._fill()
        theme.watcher().changed.connect(self._recolour)

    def filter(self, text: str) -> int:
        """Show only the layers that match every word of `text`; returns how many, and makes the best one current."""
        words = text.lower().split()
        matches: list[tuple[int, QTreeWidgetItem]] = []
        for section in self._sections():
            any_shown = False
            for item in _children(section):
                shown = all(word in item.data(0, _WORDS) for word in words)
                item.setHidden(not shown)
                any_shown |= shown
                if shown:
                    matches.append((_rank(item.text(0).lower(), words), item))
            section.setHidden(not any_shown)
        if words and matches:
            self.setCurrentItem(min(matches, key=lambda match: match[0])[1])
        return len(matches)

    def item_of(self, type: str) -> QTreeWidgetItem:
        """The row of a layer type."""
        return next(item for section in self._sections() for item in _children(section) if item.data(0, _TYPE) == type)

    def choose_current(self) -> None:
        """Insert the current layer."""
        item = self.currentItem()
        if item is not None and not item.isHidden():
            self._choose(item)

    def mimeTypes(self) -> list[str]:
        return [LAYER_MIME]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        types = [item.data(0, _TYPE) for item in items if item.data(0, _TYPE)]
        return mime_of(types[0]) if types else QMimeData()

    def _choose(self, item: QTreeWidgetItem) -> None:
        type = item.data(0, _TYPE)
        if type:
            self.chosen.emit(type)
        else:
            item.setExpanded(not item.isExpanded())

    def _fill(self) -> None:
        by_category: dict[str, list[tuple[str, type[Layer]]]] = {}
        for type, layer in LAYERS.items():
            by_category.setdefault(layer.category, []).append((type, layer))
        ranked = {category: index for index, category in enumerate(_ORDER)}
        for category in sorted(by_category, key=lambda name: (ranked.get(name, len(ranked)), name)):
            section = QTreeWidgetItem(self, [_NAMES.get(category, category.capitalize())])
            section.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            section.setData(0, _WORDS, category)
            for type, layer in sorted(by_category[category], key=_beginners_first):
                self._add(section, type, layer)
            section.setExpanded(True)
        self._recolour()

    def _add(self, section: QTreeWidgetItem, type: str, layer: type[Layer]) -> None:
        item = QTreeWidgetItem(section, [layer.label])
        item.setData(0, _TYPE, type)
        words = (layer.label, type, layer.category, *layer.keywords)
        item.setData(0, _WORDS, " ".join(words).lower())
        first = inspect.cleandoc(layer.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        item.setToolTip(0, f"<b>{layer.label}</b><br>{first}")
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled)

    def _recolour(self) -> None:
        muted = QColor(theme.tokens().text_muted)
        for section in self._sections():
            section.setForeground(0, muted)
            section.setFont(0, theme.font("small"))
            for item in _children(section):
                item.setIcon(0, _chip(LAYERS.get(item.data(0, _TYPE)).category))

    def _sections(self) -> list[QTreeWidgetItem]:
        found = (self.topLevelItem(index) for index in range(self.topLevelItemCount()))
        return [item for item in found if item is not None]


def _children(section: QTreeWidgetItem) -> list[QTreeWidgetItem]:
    found = (section.child(index) for index in range(section.childCount()))
    return [item for item in found if item is not None]


def _rank(label: str, words: list[str]) -> int:
    """Best first: the label itself, its beginning, somewhere in it, elsewhere."""
    whole = " ".join(words)
    return 0 if label == whole else 1 if label.startswith(whole) else 2 if whole in label else 3


def _beginners_first(entry: tuple[str, type[Layer]]) -> tuple[int, str]:
    known = (
        "Input",
        "Output",
        "Conv2d",
        "MaxPool2d",
        "AvgPool2d",
        "ReLU",
        "BatchNorm2d",
        "Linear",
        "Dropout",
        "Flatten",
    )
    return (known.index(entry[0]) if entry[0] in known else len(known), entry[1].label)


def _chip(category: str) -> QIcon:
    """A bar in the category's colour, as on the cards."""
    picture = QPixmap(20, 36)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.category_colour(category)))
    painter.drawRoundedRect(1, 1, 5, 16, 2, 2)
    painter.end()
    return QIcon(picture)
