"""Where one is: "Network › denseblock1 › layer3", above the drawing while the inside of a block is looked at."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from gui import theme
from gui.canvas.blocks import Blocks
from gui.widgets.notes import ThemedLabel


class Crumbs(QFrame):
    """One button per level; hidden on the outermost."""

    def __init__(self, blocks: Blocks, parent: QWidget) -> None:
        super().__init__(parent)
        self._blocks = blocks
        self._shown: tuple[tuple[str, str], ...] = ()
        self.buttons: list[QToolButton] = []
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName("Where in the network this is")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.space(0.5), 2, theme.space(0.5), 2)
        self._row.setSpacing(theme.space(0.25))
        blocks.scene.shown.connect(lambda change: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Follow the scene."""
        scene = self._blocks.scene
        crumbs = scene.opening.crumbs(scene.network)
        if crumbs != self._shown:
            self._shown = crumbs
            self._fill()
        self.setVisible(len(crumbs) > 1)
        for made in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            made.show()
        self.resize(self._row.sizeHint())

    def _fill(self) -> None:
        while self._row.count():
            item = self._row.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self.buttons = []
        for number, (path, name) in enumerate(self._shown):
            if number:
                self._row.addWidget(ThemedLabel("›", "text_muted", "body", self))
            button = QToolButton(self)
            button.setText(name)
            button.setAutoRaise(True)
            here = number == len(self._shown) - 1
            button.setToolTip(f"You are in {name}" if here else f"Go out to {name} (Alt+Up goes out one level)")
            button.setAccessibleName(f"Level {name}")
            button.setEnabled(not here)
            button.clicked.connect(partial(self._go, path))
            self._row.addWidget(button)
            self.buttons.append(button)

    def _go(self, path: str, checked: bool = False) -> None:
        self._blocks.go_to(path)
