"""The window: rail, top bar, page, status bar, and what lies over them. What it does is in `gui/shell`."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import JobFailed
from gui import theme
from gui.context import Context, Page
from gui.pages import PageEntry, available
from gui.runtime.monitor import Monitor
from gui.shell.closing import Closing
from gui.shell.commands import Commands
from gui.shell.drop import Dropped, DropVeil
from gui.shell.menus import Menus
from gui.shell.offers import commands
from gui.shell.palette import CommandPalette
from gui.shell.rail import Rail
from gui.shell.services import Services
from gui.shell.status_bar import StatusBar
from gui.shell.toasts import Toasts
from gui.shell.top_bar import TopBar

log = logging.getLogger(__name__)

FIRST_SIZE = (1440, 900)
SMALLEST = (960, 600)


class MainWindow(QMainWindow):
    """Made from the services.

    Signals:
        painted(): once, after the window has been painted for the first time.
        closed(): once everything that ran has ended.
    """

    closed = Signal()
    painted = Signal()

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setMinimumSize(*SMALLEST)
        self.entries: tuple[PageEntry, ...] = available()
        self.context: Context = services.context(self.navigate)
        self._pages: dict[str, Page] = {}
        self._page: Page | None = None
        self._painted = False
        context = self.context
        self.monitor = Monitor(context.runner, context.engine, self)
        self.commands = Commands(context, self, self.entries)
        self._build()
        self.palette_view = CommandPalette(self, self._offer)
        self.toasts = Toasts(context.notifier, self.stack)
        self.veil = DropVeil(self)
        self._closing = Closing(context, self)
        self._connect()
        self._restore()
        self.navigate(self.entries[0].id)
        self._name()

    def _build(self) -> None:
        context = self.context
        self.menus = Menus(self.menuBar(), context, self.entries)
        self.rail = Rail(self.entries)
        self.top_bar = TopBar(context.actions, context.document, self.menus.project_menu())
        self.stack = QStackedWidget()
        self.status = StatusBar(context.runner, self.monitor, context.checker, context.document, context.actions)
        middle = QWidget()
        column = QVBoxLayout(middle)
        row = QHBoxLayout()
        whole = QWidget()
        outer = QVBoxLayout(whole)
        for layout in (column, row, outer):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self.stack, 1)
        column.addWidget(self.status)
        row.addWidget(self.rail)
        row.addWidget(middle, 1)
        outer.addLayout(row)
        self.setCentralWidget(whole)

    def _connect(self) -> None:
        context = self.context
        self.rail.chosen.connect(self.navigate)
        self.commands.palette_wanted.connect(self.palette_view.open)
        self.commands.quit_wanted.connect(self.close)
        self.status.problems_wanted.connect(lambda: self.navigate("build", problems=True))
        self._closing.done.connect(self._finish)
        context.document.replaced.connect(self._opened)
        for signal in (context.document.changed, context.document.replaced, context.document.state_changed):
            signal.connect(self._name)
        context.settings.changed.connect(self._settings_changed)
        context.engine.failed.connect(context.notifier.error)
        context.engine.ready.connect(self._warm)

    # pages

    def navigate(self, page_id: str, **hints: Any) -> None:
        """Show a page and hand it the hints. A page that cannot be made is told of, and the window stays."""
        page = self.page(page_id)
        if page is None:
            self.rail.show_page(self._page.id if self._page else self.entries[0].id)
            return
        if page is not self._page:
            if self._page is not None:
                self._page.left()
            self._page = page
            self.stack.setCurrentWidget(page)
            self.rail.show_page(page_id)
            self.menus.show_page(page)
            page.entered()
        if hints:
            page.accept_hint(**hints)

    def page(self, page_id: str) -> Page | None:
        """The page called `page_id`, made now if it was not needed before; None when it cannot be made."""
        if page_id not in self._pages:
            entry = next((entry for entry in self.entries if entry.id == page_id), None)
            if entry is None:
                return None
            try:
                made = entry.make(self.context)
            except Exception as error:  # noqa: BLE001 - one broken page must not take the others with it; it is told
                what = f"The page {entry.title} could not be opened: {error}."
                fault = JobFailed(what, "The other pages work; the log has details.", details=traceback.format_exc())
                self.context.notifier.error(fault)
                return None
            self._pages[page_id] = made
            self.stack.addWidget(made)
        return self._pages[page_id]

    @property
    def current_page(self) -> Page | None:
        return self._page

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages that have been made so far."""
        return tuple(self._pages.values())

    def _offer(self) -> list[Any]:
        return list(commands(self.context, self._page, self.context.gallery.entries, self.context.gallery.open))

    def _warm(self) -> None:
        """The engine is there: have the training process ready, and the drawing page made before it is asked for."""
        self.context.runner.warm_process()
        QTimer.singleShot(0, lambda: self.page("build") if not self._closing.under_way else None)

    # name, theme, place

    def _name(self) -> None:
        document = self.context.document
        self.setWindowTitle(f"{document.project.name or 'Untitled'}[*] – Vitrine")
        self.setWindowModified(document.dirty)
        self.setWindowFilePath(str(document.folder) if document.has_place else "")

    def _opened(self) -> None:
        if self.context.document.has_place:
            self.context.settings.add_recent(self.context.document.folder)
        self.navigate("build" if "build" in {entry.id for entry in self.entries} else self.entries[0].id)

    def _settings_changed(self) -> None:
        values = self.context.settings.values
        app = QApplication.instance()
        if isinstance(app, QApplication) and (theme.mode(), theme.text_percent()) != (
            values.theme,
            values.text_percent,
        ):
            theme.apply(app, values.theme, values.text_percent)
        self.context.document.autosave_seconds = values.autosave_seconds

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.painted.emit)

    def _restore(self) -> None:
        self.resize(*FIRST_SIZE)
        kept = self.context.settings.values.geometry
        if kept:
            self.restoreGeometry(QByteArray.fromBase64(kept.encode("ascii")))

    # dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.veil.open()

    def dragLeaveEvent(self, event: Any) -> None:
        self.veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.veil.hide()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            Dropped(self.context, self.commands.open_path).take(paths)

    # the end

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing.finished:
            event.accept()
            return
        event.ignore()
        if not self._closing.under_way:
            geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
            self.context.settings.update(geometry=geometry)
            self.monitor.stop()
            self._closing.begin(self.pages)

    @property
    def is_painted(self) -> bool:
        return self._painted

    @property
    def is_closed(self) -> bool:
        """Whether everything has ended."""
        return self._closing.finished

    def _finish(self) -> None:
        self.close()
        self.closed.emit()
