"""Pictures of the page on their way from files to the screen: the current one in full, and many small ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap

from engine.errors import VitrineError
from engine.events import Event, Failed, Finished
from gui.labelling.alive import while_alive
from gui.labelling.jobs import ReadPicture, ReadSmall, SmallPictures
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle

SIDE = 132
_KEPT_SMALL = 1500
_KEPT_LARGE = 3
_PAUSE_MS = 25


class PictureReader(QObject):
    """Reads the picture that is wanted, and its neighbour ahead of time.

    Signals:
        arrived(object): the path of a picture that can be shown now, or whose `error` is known.
    """

    arrived = Signal(object)

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._kept: OrderedDict[Path, QImage | VitrineError] = OrderedDict()
        self._jobs: dict[Path, JobHandle] = {}

    def get(self, path: Path) -> QImage | VitrineError | None:
        """The picture, why there is none, or None while it is read."""
        if path in self._kept:
            self._kept.move_to_end(path)
        return self._kept.get(path)

    def want(self, paths: Sequence[Path]) -> None:
        """Read these; what is read for nobody any more is stopped."""
        for path in tuple(self._jobs):
            if path not in paths:
                self._jobs.pop(path).cancel()
        for path in paths:
            if path not in self._kept and path not in self._jobs:
                self._read(path)

    def forget(self) -> None:
        """Let go of all pictures."""
        self.want(())
        self._kept.clear()

    def _read(self, path: Path) -> None:
        handle = self._runner.start(ReadPicture(path), title="Reading a picture", show=False)
        self._jobs[path] = handle

        def ended(end: Event) -> None:
            if self._jobs.get(path) is not handle:
                return
            del self._jobs[path]
            if isinstance(end, Finished):
                self._keep(path, end.result)
            elif isinstance(end, Failed):
                self._keep(path, end.error)

        handle.ended.connect(while_alive(self, ended))

    def _keep(self, path: Path, what: QImage | VitrineError) -> None:
        self._kept[path] = what
        while len(self._kept) > _KEPT_LARGE:
            self._kept.popitem(last=False)
        self.arrived.emit(path)


class SmallReader(QObject):
    """Gives the small pixmap of a picture by its file, or None and fetches it.

    Signals:
        arrived(): some more are there.
    """

    arrived = Signal()

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._folder: Path | None = None
        self._kept: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._wanted: tuple[str, ...] = ()
        self._job: JobHandle | None = None
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._fetch)

    def show(self, folder: Path) -> None:
        """Read from this folder; another one begins anew."""
        if folder != self._folder:
            self._folder = folder
            self._kept.clear()
            self._wanted = ()
            self._stop()

    def has(self, file: str) -> bool:
        """Whether it is known how this picture looks, if only that it cannot be read."""
        return file in self._kept

    def pixmap(self, file: str) -> QPixmap | None:
        return self._kept.get(file)

    def want(self, files: Sequence[str]) -> None:
        """Fetch these, the most urgent first, instead of what was wanted before."""
        missing = tuple(file for file in files if file not in self._kept)
        if missing != self._wanted:
            self._wanted = missing
            if missing and not self._pause.isActive():
                self._pause.start()

    def _stop(self) -> None:
        self._pause.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _fetch(self) -> None:
        self._stop()
        missing = tuple(file for file in self._wanted if file not in self._kept)
        if self._folder is None or not missing:
            return
        handle = self._runner.start(ReadSmall(self._folder, missing, SIDE), title="Reading pictures", show=False)
        self._job = handle

        def told(event: Event) -> None:
            if self._job is handle and isinstance(event, SmallPictures):
                self._take(event)

        def ended(end: Event) -> None:
            if self._job is handle:
                self._job = None

        handle.event.connect(while_alive(self, told))
        handle.ended.connect(while_alive(self, ended))

    def _take(self, event: SmallPictures) -> None:
        for file, picture in event.items:
            self._kept[file] = None if picture is None else QPixmap.fromImage(picture)
        while len(self._kept) > _KEPT_SMALL:
            self._kept.popitem(last=False)
        self.arrived.emit()
