"""Imports the engine behind the start page: torch takes seconds, and the window must be there at once."""

from __future__ import annotations

import gc
import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.errors import VitrineError
from engine.events import Emit, Event, Failed, Finished, Progress
from gui.runtime.job_runner import JobRunner

log = logging.getLogger(__name__)


class EngineLoader(QObject):
    """Loads once, in one of the runner's threads.

    Signals:
        progress(object): str, what is being loaded now.
        ready(): torch can be imported without waiting.
        failed(object): the `VitrineError` that says why not.
    """

    progress = Signal(object)
    ready = Signal()
    failed = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._started = False
        self.is_ready = False
        self.error: VitrineError | None = None
        self.text = "Waiting to load the engine"
        self.share = 0.0

    def start(self, also: Sequence[str] = ()) -> None:
        """Begin to load; later calls do nothing unless the first try has failed.

        Args:
            also: modules to import afterwards, so that the first visit to a page does not wait for them.
        """
        if self._started:
            return
        self._started, self.error = True, None
        handle = self._runner.start(_Load(tuple(also)), title="Loading the engine", show=False)
        handle.event.connect(self._told)
        handle.ended.connect(self._ended)

    def _told(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.text = event.text
            self.share = event.done / event.total if event.total else 0.0
            self.progress.emit(event.text)

    def _ended(self, end: Event) -> None:
        if isinstance(end, Finished):
            self.is_ready, self.text, self.share = True, "Engine ready", 1.0
            # A full collection with everything imported stalls the window for 0.4 s; what is loaded now stays anyway.
            gc.freeze()
            self.ready.emit()
        elif isinstance(end, Failed):
            self._started, self.error = False, end.error
            self.text = end.error.what
            self.failed.emit(end.error)


@dataclass(frozen=True)
class _Load:
    """The job: import the heavy modules one after another, and use the meta device once."""

    also: tuple[str, ...]

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        steps: list[tuple[str, Callable[[], object]]] = [
            ("Loading PyTorch", _torch),
            ("Loading torchvision", _torchvision),
            ("Loading the pages", partial(_modules, self.also)),
            ("Warming up", _meta),
        ]
        for number, (text, step) in enumerate(steps):
            token.raise_if_cancelled()
            emit(Progress(text, number, len(steps)))
            step()
        emit(Progress("Engine ready", len(steps), len(steps)))


def _modules(names: Sequence[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            log.exception("%s could not be imported", name)


def _torch() -> None:
    import torch

    log.info("torch %s", torch.__version__)


def _torchvision() -> None:
    import torchvision

    log.info("torchvision %s", torchvision.__version__)


def _meta() -> None:
    from engine.datasets.base import DATASETS
    from engine.graph.analyse import warm_up

    warm_up()
    len(DATASETS)  # imports every dataset's declaration, which the checker asks for
