"""Bringing pictures onto the page: from a folder, by dropping, with the camera, or samples to try it on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from engine.datasets.pictures import is_picture
from engine.events import Event, Failed, Finished
from engine.job import Job
from engine.labelling.gather import AddPictures, Gathered, KeepFrame
from engine.labelling.samples import CLASSES, MakeSamples
from gui import theme
from gui.context import Context
from gui.labelling.alive import while_alive
from gui.labelling.model import LabelModel
from gui.widgets.empty_state import EmptyState


class Bringing(QObject):
    """Starts the jobs that bring pictures, and puts what they bring into the labels.

    Signals:
        brought(): pictures are there that were not.
    """

    brought = Signal()

    def __init__(self, context: Context, model: LabelModel, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._model, self._window = context, model, window

    def ask(self) -> None:
        """Ask for a folder; its pictures are copied into the project."""
        dialog = QFileDialog(self._window.window(), "Choose a folder with pictures to label")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.add((Path(path),)))
        dialog.open()

    def add(self, paths: Sequence[Path]) -> None:
        """Copy these files and folders into the project."""
        self._start(AddPictures(tuple(paths), self._model.folder), "Copying pictures", "Add pictures")

    def samples(self) -> None:
        """Draw some pictures to try labelling on."""
        self._start(MakeSamples(self._model.folder), "Drawing sample pictures", "Add sample pictures", CLASSES)

    def keep(self, image: np.ndarray) -> None:
        """Keep a moment of the camera."""
        self._start(KeepFrame(image, self._model.folder), "Keeping a picture", "Take a picture", show=False)

    def _start(self, job: Job, title: str, step: str, classes: Sequence[str] = (), show: bool = True) -> None:
        folder = self._model.folder
        handle = self._context.runner.start(job, title=title, show=show)

        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            elif isinstance(end, Finished) and self._model.folder == folder:
                self._take(end.result, step, classes)

        handle.ended.connect(while_alive(self, ended))

    def _take(self, gathered: Gathered, step: str, classes: Sequence[str]) -> None:
        self._model.gather(gathered, step, classes)
        count = len(gathered.pictures)
        words = []
        if gathered.known:
            words.append(f"{gathered.known:,} were there already.")
        if gathered.faults:
            first = gathered.faults[0]
            words.append(f"{len(gathered.faults):,} cannot be used, such as {first.name}: {first.reason}")
        if words:
            came = f"{count:,} pictures were added" if count != 1 else "1 picture was added"
            self._context.notifier.show("warning" if gathered.faults else "info", f"{came}.", " ".join(words))
        if count:
            self.brought.emit()


def dropped(mime: QMimeData) -> tuple[Path, ...]:
    """The pictures and folders in something that is dragged; projects are for the window."""
    paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
    return tuple(path for path in paths if is_picture(path) or (path.is_dir() and not (path / "project.json").exists()))


class EmptyPage(QWidget):
    """What the page shows while there are no pictures.

    Signals:
        folder_wanted(), camera_wanted(), samples_wanted(): a button was pressed.
    """

    folder_wanted = Signal()
    camera_wanted = Signal()
    samples_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = EmptyState(
            "label",
            "Teach a network with your own pictures",
            "Drop pictures or a folder here. They are copied into the project; then draw boxes, outlines or masks on "
            "them, or say what each one shows, and train a network on that.",
            "Choose folder…",
            "Choose the folder that holds the pictures",
            self,
        )
        self.state.wanted.connect(self.folder_wanted)
        self.camera = self._also("camera", "Take pictures with the camera", "Take them here, or out of a film")
        self.camera.clicked.connect(self.camera_wanted)
        self.samples = self._also(
            "shuffle", "Try it on sample pictures", "Twelve pictures of discs, squares, triangles"
        )
        self.samples.clicked.connect(self.samples_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.state, 1)

    def _also(self, icon: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(theme.icon(icon, "accent"), text, self)
        button.setProperty("kind", "quiet")
        button.setToolTip(tip)
        button.setAccessibleName(text)
        layout = self.state.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button
