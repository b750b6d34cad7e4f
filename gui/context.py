"""What a page is given, and what a page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from gui.actions import Actions
from gui.document.checker import Checker
from gui.document.document import Document
from gui.document.gallery import Gallery
from gui.document.run_store import RunStore
from gui.runtime.engine_loader import EngineLoader
from gui.runtime.job_runner import JobRunner
from gui.runtime.notifications import Notifier
from gui.runtime.settings import Settings


class Navigate(Protocol):
    """Go to a page; the hints are handed to its `accept_hint`."""

    def __call__(self, page_id: str, **hints: Any) -> None: ...


@dataclass(frozen=True)
class Context:
    """The few shared things. A page keeps it and asks nobody else."""

    document: Document
    checker: Checker
    runner: JobRunner
    engine: EngineLoader
    notifier: Notifier
    settings: Settings
    actions: Actions
    runs: RunStore
    gallery: Gallery
    navigate: Navigate


class Page(QWidget):
    """Base of the pages of the rail.

    Class attributes: `id` for `navigate`, `title` for the rail, `icon` a name of `theme.icon`, `order` down the rail.

    Hints that the shell gives: `build` gets `problems=True` (show the problem list), `node="conv2d1"` (show it) or
    `famous="resnet18"` with `options={...}` (draw that network of the gallery);
    `train` gets `start=True`, `pause=True`, `stop=True`; `data` gets `folder=Path` (a dropped picture folder).
    """

    id: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    order: ClassVar[int] = 0

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context

    def entered(self) -> None:
        """The page is shown now."""

    def left(self) -> None:
        """Another page is shown now. Stop what needs nobody's eyes; keep the state."""

    def page_actions(self) -> list[QAction]:
        """The page's own commands, for its menu and the command palette, made with `make_action`.

        An action with the property "menu" set to "Edit" or "View" is put there; all others into the page's own menu.
        """
        return []

    def shutdown(self) -> None:
        """The window closes: end, without waiting, whatever runs that is not one of the runner's jobs."""

    def accept_hint(self, **hints: Any) -> None:
        """Do what whoever navigated here asked for. Unknown hints are ignored."""
