"""What the window's tests share: the real services, and garbage that is collected where Qt objects live."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from gui import theme
from gui.actions import Actions
from gui.app import make_application
from gui.context import Context
from gui.document.checker import Checker
from gui.document.document import Document
from gui.document.gallery import Gallery
from gui.document.run_store import RunStore
from gui.main_window import MainWindow
from gui.runtime.engine_loader import EngineLoader
from gui.runtime.job_runner import JobRunner
from gui.runtime.notifications import Notifier
from gui.runtime.settings import Settings
from gui.shell.services import Services


@pytest.fixture(scope="session", autouse=True)
def _long_lived() -> Iterator[None]:
    """What is imported by now is not looked at again, so that collecting after every test is cheap."""
    gc.freeze()
    yield
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _collected_here() -> Iterator[None]:
    """A cycle with a widget in it, left by one test, must not be destroyed in the next one's worker thread."""
    gc.disable()
    yield
    gc.collect()


@pytest.fixture
def runner(qapp: Any) -> Iterator[JobRunner]:
    """A runner that is shut down after the test and must then have nothing left."""
    made = JobRunner()
    yield made
    assert made.shutdown(), "a job did not end"


class Navigation(list[tuple[str, dict[str, Any]]]):
    """Stands in for the main window's navigation and remembers where it was sent."""

    def __call__(self, page_id: str, **hints: Any) -> None:
        self.append((page_id, hints))


@pytest.fixture
def context(runner: JobRunner) -> Iterator[Context]:
    """All services as the window makes them. The engine is not loaded: call `context.engine.start()` for that."""
    notifier = Notifier()
    settings = Settings(runner)
    document = Document(runner, notifier, autosave_seconds=0.2)
    engine = EngineLoader(runner)
    checker = Checker(document, runner, engine, notifier)
    runs = RunStore(document, runner, notifier)
    gallery = Gallery(document, runner, notifier)
    yield Context(document, checker, runner, engine, notifier, settings, Actions(), runs, gallery, Navigation())
    document.close()


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """The real main window with real services, closed in good order afterwards. The engine is not loaded."""
    app = make_application()
    services = Services()
    theme.apply(app, "light")
    made = MainWindow(services)
    made.resize(1280, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    if not made.is_closed:
        with qtbot.waitSignal(made.closed, timeout=25_000):
            made.close()
    made.deleteLater()
    services.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
