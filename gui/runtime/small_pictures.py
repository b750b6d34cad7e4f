"""Small pictures on their way to the screen: asked for when they come into view, kept while there is room."""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPixmap

from engine.events import Event
from engine.job import Job
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle

K = TypeVar("K", bound=Hashable)
KEPT = 3000
_PAUSE_MS = 25  # scrolling asks for the last place it came to, not for all it passed


class SmallPictures(QObject, Generic[K]):
    """Gives the pixmap of a picture by its key, or None and fetches it.

    Signals:
        arrived(object): a tuple of the keys whose pixmaps are there now.
    """

    arrived = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._kept: OrderedDict[K, QPixmap | None] = OrderedDict()
        self._wanted: tuple[K, ...] = ()
        self._handle: JobHandle | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._fetch)

    @abstractmethod
    def job(self, keys: tuple[K, ...]) -> Job | None:
        """What reads these pictures; None where there is nothing to read from."""

    @abstractmethod
    def pixmaps(self, event: Event) -> Sequence[tuple[K, QPixmap | None]]:
        """The pictures that an event of the job brings; None for one that cannot be read."""

    def has(self, key: K) -> bool:
        """Whether it is known how this picture looks, if only that it can't be read."""
        return key in self._kept

    def pixmap(self, key: K) -> QPixmap | None:
        """The picture, or None while it is not there or can't be read."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def want(self, keys: Sequence[K]) -> None:
        """Fetch these, the most urgent first, instead of what was wanted before."""
        missing = tuple(key for key in keys if key not in self._kept)
        if missing == self._wanted:
            return
        self._wanted = missing
        if missing and not self._pause.isActive():
            self._pause.start()

    def pause(self) -> None:
        """Stop reading until something is wanted again."""
        self._wanted = ()
        self._stop()

    def forget(self) -> None:
        """Let go of all pictures, such as when other ones come in their place."""
        self._kept.clear()
        self.pause()

    def _stop(self) -> None:
        self._pause.stop()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fetch(self) -> None:
        self._stop()
        missing = tuple(key for key in self._wanted if key not in self._kept)
        job = self.job(missing) if missing else None
        if job is None:
            return
        handle = self._handle = self._runner.start(job, title="Reading pictures", show=False)

        def told(event: Event) -> None:
            if shiboken6.isValid(self) and self._handle is handle:
                self._take(self.pixmaps(event))

        def ended(end: Event) -> None:
            if self._handle is handle:
                self._handle = None

        handle.event.connect(told)
        handle.ended.connect(ended)

    def _take(self, items: Sequence[tuple[K, Any]]) -> None:
        if not items:
            return
        self._kept.update(items)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(tuple(key for key, _ in items))
