"""Pictures of the page on their way from files to the screen: the current one in full, and many small ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from engine.errors import VitrineError
from engine.events import Event, Failed, Finished
from engine.job import Job
from gui.labelling.alive import while_alive
from gui.labelling.jobs import ReadPicture, ReadPictures, ReadSmall
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.small_pictures import SmallPictures

SIDE = 132
_KEPT_LARGE = 3


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


class SmallReader(SmallPictures[str]):
    """Gives the small pixmap of a picture by its file."""

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(runner, parent)
        self._folder: Path | None = None

    def show(self, folder: Path) -> None:
        """Read from this folder; another one begins anew."""
        if folder != self._folder:
            self._folder = folder
            self.forget()

    def job(self, keys: tuple[str, ...]) -> Job | None:
        return None if self._folder is None else ReadSmall(self._folder, keys, SIDE)

    def pixmaps(self, event: Event) -> Sequence[tuple[str, QPixmap | None]]:
        items = event.items if isinstance(event, ReadPictures) else ()
        return [(file, None if picture is None else QPixmap.fromImage(picture)) for file, picture in items]
