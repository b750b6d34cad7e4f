"""What the user is told in passing. Anybody may say something; the window shows it as a toast."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.errors import VitrineError

log = logging.getLogger(__name__)

Severity = Literal["info", "success", "warning", "problem"]
_LEVELS = {"info": logging.INFO, "success": logging.INFO, "warning": logging.WARNING, "problem": logging.ERROR}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Note:
    """One message: what is the case, what to do, and for those who want them the details."""

    severity: Severity
    what: str
    advice: str = ""
    details: str = ""
    action: tuple[str, Callable[[], object]] | None = field(default=None, compare=False)
    number: int = field(default_factory=lambda: next(_numbers), compare=False)


class Notifier(QObject):
    """Takes messages in the interface thread and hands them to whoever shows them.

    Signals:
        shown(object): a `Note`.
    """

    shown = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history: list[Note] = []

    def show(
        self,
        severity: Severity,
        what: str,
        advice: str = "",
        details: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> Note:
        """Tell the user `what` and, if something can be done, `advice`; `action` a button's words and deed."""
        note = Note(severity, what, advice, details, action)
        log.log(_LEVELS[severity], "%s %s%s", what, advice, f"\n{details}" if details else "")
        self.history = [*self.history[-99:], note]
        self.shown.emit(note)
        return note

    def error(self, error: VitrineError, action: tuple[str, Callable[[], object]] | None = None) -> Note:
        """Show an error's two sentences."""
        return self.show("problem", error.what, error.advice, error.details, action)
