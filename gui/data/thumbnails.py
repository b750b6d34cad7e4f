"""Small pictures for the wall: asked for when they come into view, read by jobs, kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPixmap

from engine.datasets.base import PictureSet
from engine.datasets.spec import PreprocessSpec
from engine.events import Event
from gui.data.jobs import MakeThumbnails, Thumbnails
from gui.data.pixmaps import to_pixmap
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle

KEPT = 3000
_PAUSE_MS = 25  # scrolling asks for the last place it came to, not for all it passed


class ThumbnailLoader(QObject):
    """Gives the pixmap of a picture, or None and fetches it.

    Signals:
        arrived(object): a tuple of the indices whose pixmaps are there now.
    """

    arrived = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._pictures: PictureSet | None = None
        self._preprocess: PreprocessSpec | None = None
        self._side = 96
        self._kept: OrderedDict[int, QPixmap | None] = OrderedDict()
        self._wanted: tuple[int, ...] = ()
        self._job: JobHandle | None = None
        self._pause = QTimer(self, singleShot=True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._fetch)

    def show(self, pictures: PictureSet | None, side: int, preprocess: PreprocessSpec | None) -> None:
        """Start anew with these pictures, at most `side` device pixels wide; with `preprocess`, as the network sees."""
        if (pictures, side, preprocess) == (self._pictures, self._side, self._preprocess):
            return
        self._pictures, self._side, self._preprocess = pictures, side, preprocess
        self._kept.clear()
        self._wanted = ()
        self._stop()

    def has(self, index: int) -> bool:
        """Whether it is known how this picture looks, if only that it can't be read."""
        return index in self._kept

    def pixmap(self, index: int) -> QPixmap | None:
        """The picture, or None while it is not there or can't be read."""
        if index in self._kept:
            self._kept.move_to_end(index)
        return self._kept.get(index)

    def want(self, indices: Sequence[int]) -> None:
        """Fetch these, the most urgent first, instead of what was wanted before."""
        missing = tuple(index for index in indices if index not in self._kept)
        if missing == self._wanted:
            return
        self._wanted = missing
        if missing and not self._pause.isActive():
            self._pause.start()

    def pause(self) -> None:
        """Stop reading until something is wanted again."""
        self._wanted = ()
        self._stop()

    def _stop(self) -> None:
        self._pause.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _fetch(self) -> None:
        self._stop()
        pictures = self._pictures
        missing = tuple(index for index in self._wanted if index not in self._kept)
        if pictures is None or not missing:
            return
        job = MakeThumbnails(pictures, missing, self._side, self._preprocess)
        handle = self._runner.start(job, title="Reading pictures", show=False)
        self._job = handle

        def told(event: Event) -> None:
            if self._job is handle and isinstance(event, Thumbnails):
                self._take(event)

        def ended(end: Event) -> None:
            if self._job is handle:
                self._job = None

        handle.event.connect(told)
        handle.ended.connect(ended)

    def _take(self, event: Thumbnails) -> None:
        for index, picture in event.items:
            self._kept[index] = None if picture is None else to_pixmap(picture)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(tuple(index for index, _ in event.items))
