"""One place where everything ends up that nobody caught: Python's hooks of all threads, and Qt's own messages."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler

from engine.errors import JobFailed, VitrineError
from engine.paths import log_dir
from gui.runtime.notifications import Notifier

log = logging.getLogger("vitrine")

QUIET_SECONDS = 10.0  # the same fault, thirty times a second from a paint event, is told once in this time
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def start_log() -> Path:
    """Send the log to a file of at most 2 MB and two older ones; returns its path. Falls back to stderr."""
    path = log_dir() / "vitrine.log"
    handler: logging.Handler
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=2_000_000, backupCount=2, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return path


class ExceptHook(QObject):
    """Logs what was not caught and shows it as a toast, from whichever thread it came."""

    _seen = Signal(object)

    def __init__(self, notifier: Notifier, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notifier = notifier
        self._told: dict[str, float] = {}
        self._before: tuple[Any, Any, Any] | None = None
        # Queued, so that a fault inside a paint event does not open a toast from within it.
        self._seen.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take over Python's three hooks and Qt's messages."""
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self.caught
        threading.excepthook = self._in_thread
        sys.unraisablehook = self._unraisable
        qInstallMessageHandler(qt_message)

    def uninstall(self) -> None:
        """Give the hooks back."""
        if self._before is not None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
            qInstallMessageHandler(None)
            self._before = None

    def caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Take one exception, as `sys.excepthook` does."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        log.error("not caught\n%s", details)
        self._seen.emit(error if isinstance(error, VitrineError) else unforeseen(error, details))

    def _in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self.caught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def _unraisable(self, arguments: Any) -> None:
        # In a destructor or a callback of the interpreter: nothing the user could do, so it goes to the log only.
        details = "".join(traceback.format_exception(arguments.exc_type, arguments.exc_value, arguments.exc_traceback))
        log.error("%s %r\n%s", arguments.err_msg or "ignored in", arguments.object, details)

    def _tell(self, error: VitrineError) -> None:
        now = time.monotonic()
        if now - self._told.get(error.what, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._told[error.what] = now
            self._notifier.error(error)


def unforeseen(error: BaseException, details: str) -> JobFailed:
    """An exception that nobody expected, in two sentences."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return JobFailed(
        f"Something went wrong that Vitrine did not foresee: {first.rstrip('.')}.",
        "Your work is kept; undo the last step if the page looks wrong.",
        details=details,
    )


def qt_message(kind: QtMsgType, where: QMessageLogContext, message: str) -> None:
    """Qt's own messages go to the log."""
    logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), "%s", message)
