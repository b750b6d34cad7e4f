"""The bar above the drawing: open, save, export, arrange, and what the whole network amounts to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from gui import theme
from gui.builder.actions import BuilderActions
from gui.builder.totals import TotalsLabel
from gui.context import Context

_ALIGN = ("align_left", "align_centre", "align_right", "align_top", "align_middle", "align_bottom")


class BuilderToolbar(QWidget):
    """Buttons with words where there is room for them, and the totals at the right."""

    def __init__(
        self,
        actions: BuilderActions,
        context: Context,
        open_gallery: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._buttons = QHBoxLayout(self)
        self._buttons.setContentsMargins(theme.space(1), theme.space(0.5), theme.space(1.5), theme.space(0.5))
        self._buttons.setSpacing(theme.space(0.5))
        self.gallery = GalleryMenu(context, open_gallery, self)
        self._menu("Gallery", "star", "Open a famous network onto the drawing", self.gallery)
        self._menu("File", "file", "Open, save and export this network", self._file_menu(actions))
        self._buttons.addSpacing(theme.space(1))
        for name in ("layout", "duplicate", "delete", "connect"):
            self._button(actions[name])
        arrange = QMenu(self)
        arrange.addActions([actions[name] for name in _ALIGN])
        arrange.addSeparator()
        arrange.addActions([actions["distribute_horizontal"], actions["distribute_vertical"]])
        self._menu("", "align_left", "Align and distribute the selected layers", arrange)
        self.totals = TotalsLabel(self)
        self._buttons.addWidget(self.totals, 1)

    def _file_menu(self, actions: BuilderActions) -> QMenu:
        menu = QMenu(self)
        menu.addActions([actions[name] for name in ("open", "import", "weights")])
        menu.addSeparator()
        menu.addActions([actions[name] for name in ("save", "export")])
        menu.addSeparator()
        menu.addActions([actions["png"], actions["svg"]])
        return menu

    def _button(self, action: QAction) -> None:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setAccessibleName(action.text().replace("&", ""))
        button.setAutoRaise(True)
        self._buttons.addWidget(button)

    def _menu(self, text: str, icon: str, tip: str, menu: QMenu) -> None:
        button = QToolButton(self)
        button.setText(text)
        button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setToolButtonStyle(
            Qt.ToolButtonStyle.ToolButtonTextBesideIcon if text else Qt.ToolButtonStyle.ToolButtonIconOnly
        )
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAutoRaise(True)
        button.setMenu(menu)
        self._buttons.addWidget(button)


class GalleryMenu(QMenu):
    """The famous networks by task, oldest first. Opening one calls `open_gallery` with its id."""

    def __init__(self, context: Context, open_gallery: Callable[[str], object], parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._open = open_gallery
        self.found: dict[str, QAction] = {}
        self.setToolTipsVisible(True)
        context.gallery.changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        self.clear()
        self.found = {}
        if "file.gallery" in self._context.actions:
            self.addAction(self._context.actions["file.gallery"])
            self.addSeparator()
        tasks: dict[str, QMenu] = {}
        for entry in self._context.gallery.entries:
            if entry.task not in tasks:
                tasks[entry.task] = self.addMenu(entry.task[:1].upper() + entry.task[1:])
                tasks[entry.task].setToolTipsVisible(True)
            action = tasks[entry.task].addAction(f"{entry.name}  ({entry.year})")
            action.setToolTip(entry.idea)
            action.triggered.connect(partial(self._choose, entry.id))
            self.found[entry.id] = action
        if not self._context.gallery.entries:
            self.addAction("The gallery is being read").setEnabled(False)
            self._context.gallery.load()

    def _choose(self, id: str, checked: bool = False) -> None:
        self._open(id)
