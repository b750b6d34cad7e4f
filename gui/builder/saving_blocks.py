"""Keeping a block: a small panel over the drawing asks for its name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget

from engine.graph.spec import NodeSpec
from gui import theme
from gui.builder.my_blocks import MyBlocks
from gui.canvas.card import card_of
from gui.canvas.view import CanvasView
from gui.widgets.notes import ThemedLabel


class SaveBlock(QFrame):
    """Hidden until a block is to be kept; Enter saves, Escape puts it away."""

    def __init__(self, view: CanvasView, mine: MyBlocks, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = view
        self._mine = mine
        self._over = parent
        self._node: NodeSpec | None = None
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.name = QLineEdit(self)
        self.name.setAccessibleName("Name in the library")
        self.name.setToolTip("What the block is called among your blocks; Enter saves, Escape closes")
        self.name.setMinimumWidth(theme.space(26))
        self.name.installEventFilter(self)
        self.save = QPushButton(theme.icon("my_block"), "Save to my blocks", self)
        self.save.setToolTip("Keep a copy of the block under this name (Enter)")
        self.save.clicked.connect(self.keep)
        row = QHBoxLayout(self)
        row.addWidget(ThemedLabel("Name", "text_muted", "small", self))
        row.addWidget(self.name, 1)
        row.addWidget(self.save)
        self.hide()

    def ask(self) -> None:
        """Ask for a name for the selected block."""
        chosen = [id for id in self._view.canvas.selected_nodes() if self._view.blocks.is_block(id)]
        self._node = self._view.editor.node(chosen[0]) if chosen else None
        if self._node is None:
            return
        title = card_of(self._node).title
        self.name.setText(self._node.id if title == "Block" else title)
        self.adjustSize()
        self.move(self._view.mapTo(self._over, QPoint(theme.space(2), theme.space(2))))
        self.show()
        self.raise_()
        self.name.setFocus(Qt.FocusReason.OtherFocusReason)
        self.name.selectAll()

    def keep(self) -> None:
        """Save under the name that is typed."""
        if self._node is not None and self.name.text().strip():
            self._mine.save(self.name.text().strip(), self._node)
            self._close()

    def _close(self) -> None:
        self.hide()
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.name and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.keep()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._close()
                return True
        return super().eventFilter(watched, event)
