"""The services of a window, made once and in order."""

from __future__ import annotations

from PySide6.QtCore import QObject

from gui.actions import Actions
from gui.context import Context, Navigate
from gui.document.checker import Checker
from gui.document.document import Document
from gui.document.gallery import Gallery
from gui.document.run_store import RunStore
from gui.runtime.engine_loader import EngineLoader
from gui.runtime.job_runner import JobRunner
from gui.runtime.notifications import Notifier
from gui.runtime.settings import Settings


class Services(QObject):
    """Owns what the pages share; `context` puts it together with the window's navigation."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = JobRunner(self)
        self.notifier = Notifier(self)
        self.settings = Settings(self.runner, self)
        seconds = self.settings.values.autosave_seconds
        self.document = Document(self.runner, self.notifier, autosave_seconds=seconds, parent=self)
        self.engine = EngineLoader(self.runner, self)
        self.checker = Checker(self.document, self.runner, self.engine, self.notifier, self)
        self.runs = RunStore(self.document, self.runner, self.notifier, self)
        self.gallery = Gallery(self.document, self.runner, self.notifier, self)
        self.actions = Actions(self)

    def context(self, navigate: Navigate) -> Context:
        """The frozen bundle that pages are given."""
        return Context(
            document=self.document,
            checker=self.checker,
            runner=self.runner,
            engine=self.engine,
            notifier=self.notifier,
            settings=self.settings,
            actions=self.actions,
            runs=self.runs,
            gallery=self.gallery,
            navigate=navigate,
        )
