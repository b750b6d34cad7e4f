"""The menu bar, made from the actions. A page brings its own menu, which is there while the page is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar

from gui.actions import Actions
from gui.context import Context, Page
from gui.pages import PageEntry

PAGE_MENUS = {"build": "&Network"}
"""What a page's menu is called when that is not the page's title."""


class Menus:
    """Fills `bar` once, and swaps the page's part when the page changes."""

    def __init__(self, bar: QMenuBar, context: Context, pages: tuple[PageEntry, ...]) -> None:
        self._context = context
        self._bar = bar
        actions = context.actions
        self.file = self._menu("&File", "file.new", "file.open", "file.open_folder")
        self.recent = self.file.addMenu("Open &recent")
        self.recent.setToolTipsVisible(True)
        self.recent.aboutToShow.connect(self._fill_recent)
        self._extend(
            self.file,
            "file.gallery",
            "file.open_sample",
            None,
            "file.save",
            "file.save_as",
            "file.duplicate",
            None,
            "file.quit",
        )
        self.edit = self._menu("&Edit", "edit.undo", "edit.redo")
        self.view = self._menu("&View", "view.palette", None, *(f"go.{entry.id}" for entry in pages), None)
        self._themes(self.view.addMenu("&Theme"), actions)
        self._extend(
            self.view, None, "view.text.larger", "view.text.smaller", "view.text.normal", None, "view.full_screen"
        )
        self.train = self._menu("&Train", "train.start", "train.pause", "train.stop")
        self.help = self._menu("&Help", "help.commands", None, "help.log", "help.about")
        self.page = QMenu("&Page", bar)
        self._added: list[tuple[QMenu, QAction]] = []

    def project_menu(self) -> QMenu:
        """The menu of the project button in the top bar: the file commands and the recent projects."""
        menu = QMenu(self._bar)
        self._extend(menu, "file.save", "file.save_as", "file.rename", "file.duplicate", None, "file.new", "file.open")
        menu.addMenu(self.recent)
        self._extend(menu, "file.open_sample")
        return menu

    def show_page(self, page: Page | None) -> None:
        """Put the page's actions into the menus and take those of the page before away."""
        for menu, action in self._added:
            menu.removeAction(action)
        self._added.clear()
        self._bar.removeAction(self.page.menuAction())
        self.page.clear()
        if page is None:
            return
        shared = {"Edit": self.edit, "View": self.view, "Train": self.train}
        for action in page.page_actions():
            where = shared.get(str(action.property("menu")), self.train if page.id == "train" else None)
            if where is None:
                self.page.addAction(action)
            else:
                if not any(menu is where for menu, _ in self._added):
                    self._added.append((where, where.addSeparator()))
                where.addAction(action)
                self._added.append((where, action))
        if self.page.actions():
            self.page.setTitle(PAGE_MENUS.get(page.id, f"&{page.title}"))
            self._bar.insertMenu(self.train.menuAction(), self.page)

    def _menu(self, title: str, *ids: str | None) -> QMenu:
        menu = self._bar.addMenu(title)
        menu.setToolTipsVisible(True)
        self._extend(menu, *ids)
        return menu

    def _extend(self, menu: QMenu, *ids: str | None) -> None:
        for id in ids:
            if id is None:
                menu.addSeparator()
            else:
                menu.addAction(self._context.actions[id])

    def _themes(self, menu: QMenu, actions: Actions) -> None:
        group = QActionGroup(menu)
        for mode in ("system", "light", "dark"):
            action = actions[f"view.theme.{mode}"]
            group.addAction(action)
            menu.addAction(action)

        def mark() -> None:
            actions[f"view.theme.{self._context.settings.values.theme}"].setChecked(True)

        self._context.settings.changed.connect(mark)
        mark()

    def _fill_recent(self) -> None:
        self.recent.clear()
        for path in self._context.settings.values.recent:
            action = self.recent.addAction(Path(path).name)
            action.setToolTip(path)
            action.triggered.connect(lambda checked=False, path=path: self._context.document.open(Path(path)))
        if not self.recent.actions():
            self.recent.addAction("No project was opened yet").setEnabled(False)
