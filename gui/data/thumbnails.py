"""Small pictures of a dataset for the wall."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QPixmap

from engine.datasets.base import PictureSet
from engine.datasets.spec import PreprocessSpec
from engine.events import Event
from engine.job import Job
from gui.data.jobs import MakeThumbnails, Thumbnails
from gui.runtime.job_runner import JobRunner
from gui.runtime.small_pictures import SmallPictures
from gui.widgets.pixmaps import to_pixmap


class ThumbnailLoader(SmallPictures[int]):
    """Gives the pixmap of a picture by its index in the dataset."""

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(runner, parent)
        self._pictures: PictureSet | None = None
        self._preprocess: PreprocessSpec | None = None
        self._side = 96

    def show(self, pictures: PictureSet | None, side: int, preprocess: PreprocessSpec | None) -> None:
        """Start anew with these pictures, at most `side` device pixels wide; with `preprocess`, as the network sees."""
        if (pictures, side, preprocess) != (self._pictures, self._side, self._preprocess):
            self._pictures, self._side, self._preprocess = pictures, side, preprocess
            self.forget()

    def job(self, keys: tuple[int, ...]) -> Job | None:
        return None if self._pictures is None else MakeThumbnails(self._pictures, keys, self._side, self._preprocess)

    def pixmaps(self, event: Event) -> Sequence[tuple[int, QPixmap | None]]:
        items = event.items if isinstance(event, Thumbnails) else ()
        return [(index, None if picture is None else to_pixmap(picture)) for index, picture in items]
