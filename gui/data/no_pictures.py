"""The page without pictures: why there are none, and the next step."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from engine.datasets.base import DATASETS
from engine.datasets.published import PublishedDataset
from engine.datasets.spec import Choice
from engine.tasks.base import TASKS
from gui.data.fitting import serves
from gui.data.model import DataModel
from gui.widgets.empty_state import EmptyState

SAMPLES = {
    "digits": ("Use the handwritten digits", "1,797 real digits that come with the program"),
    "shapes": ("Use generated shapes", "Solids drawn by the program, of which everything is known exactly"),
    "waves": ("Use generated waves", "Noisy waves of five kinds, drawn by the program"),
    "forecast": ("Use a generated course of time", "A course with seasons and noise, drawn by the program"),
    "text": ("Use the fables", "A handful of short fables that come with the program"),
    "moving_shapes": ("Use generated clips", "Solids that move, drawn by the program"),
    "solids": ("Use generated solids", "Solids in volumes, drawn by the program"),
}
"""Datasets that need no files: what the button says, and its tip. The first that serves the project's task is offered,
before all others one whose samples are of the kind that was looked for."""


def sample_for(task: str, wanted: str) -> str | None:
    """The dataset to offer to a project with this task where nothing of the dataset `wanted` was found."""
    if task not in TASKS:
        return None
    noun = DATASETS.get(wanted).noun if wanted in DATASETS else ""
    served = [id for id in SAMPLES if serves(DATASETS.get(id).kind, DATASETS.get(id).gives, task)]
    return min(served, key=lambda id: DATASETS.get(id).noun != noun, default=None)


class NoPictures(EmptyState):
    """Says what a `DataModel` says, with a button that leads on.

    Signals:
        folder_wanted(), file_wanted(): the user wants to choose a folder or a file.
        labels_wanted(): the user wants to label pictures.
    """

    folder_wanted = Signal()
    file_wanted = Signal()
    labels_wanted = Signal()

    def __init__(self, model: DataModel, parent: QWidget | None = None) -> None:
        super().__init__("image", "", parent=parent)
        self._model = model
        self.wanted.connect(lambda: self._action())
        self.folder = self._also("Choose folder…", "Choose the folder that holds the files")
        self.folder.clicked.connect(lambda: self.folder_wanted.emit())
        self.sample = self._also(*SAMPLES["digits"])
        self.sample.clicked.connect(self._use_sample)
        self._sample: str | None = "digits"
        self._action: Callable[[], object] = self.folder_wanted.emit

    def _also(self, text: str, tip: str) -> QPushButton:
        """A further button below the empty state's own."""
        button = QPushButton(text, self)
        button.setToolTip(tip)
        button.setAccessibleName(text.rstrip("…"))
        place = self.layout()
        assert isinstance(place, QVBoxLayout)
        place.insertWidget(place.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)
        return button

    def say_stopped(self) -> None:
        """Looking for pictures was stopped."""
        self.say("Looking for pictures was stopped", "", "Look again")
        self._action = self._model.reload
        self.folder.hide()
        self.sample.hide()

    def explain(self) -> None:
        """Why there are no pictures, and the next step."""
        error, source = self._model.error, self._model.data.source
        declared = DATASETS.get(source.id) if source.id in DATASETS else None
        self._offer(source.id)
        self.folder.hide()
        self._action = self.folder_wanted.emit
        if source.id == "folder" and not str(source.options.get("folder", "")).strip():
            self.say(
                "Drop a folder of pictures here",
                "Make a folder for each class, such as cats and dogs, and put its pictures inside. "
                "The names of the folders become the names of the classes.",
                "Choose folder…",
                "Choose the folder that holds the class folders",
            )
        elif source.id == "labelled" and not source.options.get("folder"):
            words = "Draw boxes, outlines or masks on your pictures, or say what each one shows."
            self.say("Nothing has been labelled yet", words, "Go to Label", "Label your own pictures")
            self._action = self.labels_wanted.emit
        elif error is not None:
            # The heading is short; where it was looked for belongs to the text.
            title, _, rest = error.what.partition("; ")
            text = f"{rest[:1].upper()}{rest[1:]} {error.advice}".strip()
            title = title if rest == "" else f"{title}."
            if declared is not None and issubclass(declared, PublishedDataset) and not source.options.get("download"):
                self.folder.show()
                tip = "Fetch the files from the internet; nothing is sent"
                self.say(title, text, f"Download {declared.label}", tip)
                self._action = self._download
            elif source.id == "folder":
                self.say(title, text, "Choose folder…", "Choose the folder that holds the class folders")
            elif declared is not None and "folder" in declared.model_fields and not source.options.get("folder"):
                what = "Choose the folder that holds the pictures and what is known of them, or drop it here."
                self.say(title.rstrip("."), what, "Choose folder…", "Choose the folder that holds the files")
            elif declared is not None and "file" in declared.model_fields and not source.options.get("file"):
                self.say(title.rstrip("."), declared.help, "Choose file…", "Choose the file that holds the data")
                self._action = self.file_wanted.emit
            else:
                self.folder.setVisible(declared is not None and issubclass(declared, PublishedDataset))
                self.say(title, text, "Look again", "Look for the pictures again")
                self._action = self._model.reload

    def _offer(self, wanted: str) -> None:
        """Offer a dataset that needs no files and suits the task, if there is one besides the one that failed."""
        self._sample = sample_for(self._model.task, wanted)
        self.sample.setVisible(self._sample not in (None, wanted))
        if self._sample is not None:
            text, tip = SAMPLES[self._sample]
            self.sample.setText(text)
            self.sample.setAccessibleName(text)
            self.sample.setToolTip(tip)

    def _use_sample(self) -> None:
        if self._sample is not None:
            label = f"Choose {DATASETS.get(self._sample).label.lower()}"
            self._model.choose(label, Choice(id=self._sample))

    def _download(self) -> None:
        source = self._model.data.source
        choice = Choice(id=source.id, options={**source.options, "download": True})
        self._model.edit("Download the dataset", source=choice)
