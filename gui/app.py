"""Starts the window: it paints first, and the engine loads behind it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.main_window import MainWindow
from gui.runtime.excepthook import ExceptHook, start_log
from gui.shell.services import Services


def run(path: Path | None = None) -> int:
    """Open the window, showing `path` if given, and return the exit status when it is closed."""
    # Threads that wait for each other by spinning would take the processor from the window while a network computes.
    # Read when torch loads, here and in the processes that inherit it.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    app = make_application()
    start_log()
    services = Services()
    hook = ExceptHook(services.notifier, services)
    hook.install()
    window = open_window(app, services, path)
    window.closed.connect(app.quit)
    _quit_on_interrupt(window)
    status = app.exec()
    hook.uninstall()
    finish(app, window, services)
    return status


def make_application() -> QApplication:
    """The QApplication with our name; the one that exists already if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(sys.argv[:1])
    app.setApplicationName("vitrine")
    app.setApplicationDisplayName("Vitrine")
    app.setDesktopFileName("vitrine")
    # Closing takes a moment while a training saves its checkpoint, and the window is hidden meanwhile.
    app.setQuitOnLastWindowClosed(False)
    return app


def open_window(app: QApplication, services: Services, path: Path | None = None) -> MainWindow:
    """Make and show the window; the engine begins to load once it has been painted."""
    values = services.settings.values
    theme.apply(app, values.theme, values.text_percent)
    app.setWindowIcon(theme.icon("network", "accent"))
    window = MainWindow(services)
    window.painted.connect(lambda: _after_paint(window, services, path))
    window.show()
    return window


def finish(app: QApplication, window: MainWindow, services: Services) -> None:
    """Take a closed window apart while Qt is still there; the interpreter's own order at its end is arbitrary."""
    window.deleteLater()
    services.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    app.processEvents()
    # The interpreter tidies up at its end, and only what may be collected.
    gc.unfreeze()
    gc.enable()


def _after_paint(window: MainWindow, services: Services, path: Path | None) -> None:
    services.engine.start(also=tuple(entry.module for entry in window.entries))
    services.gallery.load()
    window.monitor.start()
    if services.settings.fault:
        services.notifier.show(
            "warning",
            "The settings could not be read, so the usual ones are in use.",
            "They are written anew at the next change.",
            services.settings.fault,
        )
    if path is not None:
        services.document.open(path)


def _quit_on_interrupt(window: QObject) -> None:
    """Ctrl+C in the terminal closes the window in good order; Python only looks at signals when it runs."""
    if os.name == "nt":
        return
    signal.signal(signal.SIGINT, lambda number, frame: QTimer.singleShot(0, window.close))  # type: ignore[attr-defined]
    ticker = QTimer(window, interval=500)
    ticker.timeout.connect(lambda: None)
    ticker.start()
