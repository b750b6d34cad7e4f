"""What a network can be built of: layers by category, blocks, the user's own blocks, and famous networks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from gui import theme
from gui.builder.my_blocks import MyBlocks
from gui.builder.palette_tree import PaletteTree
from gui.document.gallery import Gallery
from gui.widgets.notes import QuietLabel


class Palette(QWidget):
    """Signals: chosen(object): the layer type, or the node of the block, to insert; network(object): a gallery id."""

    chosen = Signal(object)
    network = Signal(object)

    def __init__(self, mine: MyBlocks, gallery: Gallery, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText("Search layers and blocks")
        self.search.setAccessibleName("Search layers and blocks")
        self.search.setToolTip("Type a name or a purpose; Enter inserts the first match (/ on the drawing)")
        self.search.setClearButtonEnabled(True)
        mark = self.search.addAction(theme.icon("search", "text_muted"), QLineEdit.ActionPosition.LeadingPosition)
        mark.setToolTip("Search layers and blocks")
        self.tree = PaletteTree(mine, gallery, self)
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
        self.tree.network.connect(self.network)

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
