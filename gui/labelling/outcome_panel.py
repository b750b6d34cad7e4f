"""What the labels come to, and where they go: near copies, training, and files for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from engine.cancel import CancelToken
from engine.datasets.spec import Choice
from engine.events import Emit, Event, Failed, Finished
from engine.frozen import FrozenDict
from engine.labelling.near import FindNearPairs, NearPair
from engine.labelling.spec import Box, LabelSet, Mask, Point, Polygon
from gui import theme
from gui.actions import make_action
from gui.context import Context
from gui.document.classes_follow import follow_classes, step_key
from gui.labelling.alive import while_alive
from gui.labelling.model import LabelModel
from gui.widgets.notes import QuietLabel, ThemedLabel
from gui.widgets.section import PanelSection
from gui.widgets.words import count

if TYPE_CHECKING:
    from engine.datasets.formats.writing import WrittenSet

_TASKS = {"detection": "boxes", "segmentation": "outlines and masks", "classification": "classes of whole pictures"}
SOURCE = Choice(id="labelled")
"""The project's own labels as a dataset."""
_SHOWN = 3


class OutcomePanel(PanelSection):
    """Follows the model.

    Signals:
        near_found(object): the files of a `frozenset` that are nearly the same as another.
        show_wanted(object): a picture, by its file, is to be shown.
    """

    near_found = Signal(object)
    show_wanted = Signal(object)

    def __init__(self, context: Context, model: LabelModel, parent: QWidget | None = None) -> None:
        super().__init__("Labelled so far", parent)
        self._context, self._model = context, model
        self._told = 0
        self.pairs: tuple[NearPair, ...] = ()
        self.count = ThemedLabel("", "text", "body", self)
        self.count.setWordWrap(True)
        self.train = QPushButton(theme.icon("train", "accent_text"), "Train on these", self)
        self.train.setProperty("kind", "primary")
        self.train.setAccessibleName("Train on these")
        self.train.clicked.connect(self._train)
        self.near = QPushButton(theme.icon("copy"), "Near copies", self)
        self.near.setAccessibleName("Look for near copies")
        self.near.setToolTip(
            "Look for pictures that are nearly the same; one in training and one in test would deceive"
        )
        self.near.clicked.connect(self.look)
        self.export = QPushButton(theme.icon("export"), "Export", self)
        self.export.setAccessibleName("Export the labels")
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.export.setMenu(self.menu)
        self.found = QuietLabel("", self)
        self.found.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.found.linkActivated.connect(lambda file: self.show_wanted.emit(file))
        row = QHBoxLayout()
        row.setSpacing(theme.space(1))
        row.addWidget(self.near)
        row.addWidget(self.export)
        row.addStretch(1)
        self.body.addWidget(self.count)
        self.body.addWidget(self.train)
        self.body.addLayout(row)
        self.body.addWidget(self.found)
        self.found.hide()
        model.changed.connect(self._show)
        model.changed.connect(self._tell_classes)
        context.document.replaced.connect(self._forget)
        self._show()

    def _show(self) -> None:
        labels = self._model.labels
        done = sum(picture.done for picture in labels.pictures)
        objects = sum(len(picture.objects) for picture in labels.pictures)
        self.count.setText(f"{done:,} of {count(len(labels.pictures), 'picture')}, {count(objects, 'object')}")
        task = task_of(labels)
        self.train.setEnabled(bool(task))
        tip = f"Learn from the {_TASKS.get(task, '')}: sets the data and the task, and goes on to Train"
        self.train.setToolTip(tip if task else "Label a picture first")
        for button, why in (
            (self.near, "Look for pictures that are nearly the same"),
            (self.export, "Write the labels"),
        ):
            button.setEnabled(bool(labels.pictures))
            button.setToolTip(why if labels.pictures else "Bring pictures first")

    def _forget(self) -> None:
        """Another project is open now."""
        self._told, self.pairs = 0, ()
        self.found.hide()
        self.near_found.emit(frozenset())

    def _tell_classes(self) -> None:
        """Whoever checks the network is to know how many classes there are, before anybody reads the pictures."""
        many = len(self._model.labels.classes)
        if self._context.document.project.data.source == SOURCE and many and many != self._told:
            self._told = many
            self._context.checker.learn_classes(SOURCE, many)

    # near copies

    def look(self) -> None:
        """Compare all pictures."""
        files = tuple(picture.file for picture in self._model.labels.pictures)
        handle = self._context.runner.start(FindNearPairs(self._model.folder, files), title="Comparing pictures")
        handle.ended.connect(self._looked)

    def _looked(self, end: Event) -> None:
        if isinstance(end, Failed):
            self._context.notifier.error(end.error)
        if not isinstance(end, Finished):
            return
        self.pairs = tuple(pair for pair in end.result if pair.first in self._model.labels.places)
        self.near_found.emit(frozenset(file for pair in self.pairs for file in (pair.first, pair.second)))
        self.found.setText(_near_words(self.pairs))
        self.found.show()

    # training

    def _train(self) -> None:
        """Take the labels as the project's data, with the task that they are for, as one step, and go to Train."""
        self._model.save()
        labels, document = self._model.labels, self._context.document
        task = task_of(labels)
        if not task:
            return
        project = document.project
        data = project.data.model_copy(update={"source": SOURCE})
        changes: dict[str, Any] = {"data": data, "task": task}
        if task != project.task:
            changes["task_options"] = FrozenDict()
        step = step_key("labels")
        document.edit("Train on the labelled pictures", project.with_(**changes), merge=step)
        self._tell_classes()
        classes = len(labels.classes)
        follow_classes(self._context.document, self._context.runner, step, classes, partial(self._tell_follow, classes))
        self._context.navigate("train")

    def _tell_follow(self, classes: int) -> None:
        """Say that the network was changed with the data; whoever does anything else first undoes it by the menu."""
        stack = self._context.document.undo_stack
        done = stack.index()

        def undo() -> None:
            if stack.index() == done:
                stack.undo()

        words = f"The network now tells {count(classes, 'class', 'classes')}."
        self._context.notifier.show("info", words, action=("Undo", undo))

    # export

    def _fill_menu(self) -> None:
        """List the formats; those that could not hold anything of what is labelled say so."""
        from engine.datasets.formats.writing import FORMATS
        from engine.datasets.sources.labelled import given

        known = set(given(tuple(picture for picture in self._model.labels.pictures if picture.done)))
        self.menu.clear()
        for id, kind in FORMATS.items():
            usable = bool(set(kind.needs) & known)
            tip = kind.help if usable else f"{kind.help} It can hold nothing of what is labelled so far."
            action = make_action(self.menu, f"{kind.label}…", partial(self._ask, id, kind.label), tip=tip)
            action.setEnabled(usable)
            self.menu.addAction(action)

    def _ask(self, format: str, label: str) -> None:
        dialog = QFileDialog(self.window(), f"Export as {label} into an empty folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.write(format, Path(path)))
        dialog.open()

    def write(self, format: str, folder: Path) -> None:
        """Write the labels in a format of `engine.datasets.formats`."""
        job = _Export(self._model.folder, self._model.labels, folder, format)
        handle = self._context.runner.start(job, title=f"Exporting to {folder.name}")

        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            elif isinstance(end, Finished):
                written: WrittenSet = end.result
                lost = f" The format cannot hold: {', '.join(written.lost)}." if written.lost else ""
                faults = len(written.faults)
                left_out = f" {count(faults, 'picture was', 'pictures were')} left out." if faults else ""
                kept = count(written.pictures, "picture is", "pictures are")
                self._context.notifier.show("success", f"{kept} in {folder}.", f"{lost}{left_out}".strip())

        handle.ended.connect(while_alive(self, ended))


class _Export:
    """The job: the labels as a set of pictures, written by the format."""

    def __init__(self, source: Path, labels: LabelSet, folder: Path, format: str) -> None:
        self._source, self._labels, self._folder, self._format = source, labels, folder, format

    def __call__(self, emit: Emit, token: CancelToken) -> WrittenSet:
        from engine.datasets.formats.writing import WriteDatasetJob
        from engine.datasets.sources.labelled import LabelledPictures

        pictures = LabelledPictures(self._source, self._labels)
        return WriteDatasetJob(pictures, self._folder, self._format)(emit, token)


def task_of(labels: LabelSet) -> str:
    """The task that labels are for: what was drawn most carefully decides; "" while there is nothing to learn."""
    drawn = [one.shape for picture in labels.pictures for one in picture.objects]
    if any(isinstance(shape, Polygon | Mask) for shape in drawn):
        return "segmentation"
    if any(isinstance(shape, Box) for shape in drawn):
        return "detection"
    if any(picture.labels for picture in labels.pictures):
        return "classification"
    return "detection" if any(not isinstance(shape, Point) for shape in drawn) else ""


def _near_words(pairs: tuple[NearPair, ...]) -> str:
    if not pairs:
        return "No two pictures are nearly the same."

    def link(file: str) -> str:
        shown = file.rsplit("/", 1)[-1].replace("&", "&amp;").replace("<", "&lt;")
        return f'<a href="{file.replace("&", "&amp;").replace(chr(34), "&quot;")}">{shown}</a>'

    lines = [f"{link(pair.first)} and {link(pair.second)}" for pair in pairs[:_SHOWN]]
    more = f" and {len(pairs) - _SHOWN:,} more" if len(pairs) > _SHOWN else ""
    return (
        f"Nearly the same: {'; '.join(lines)}{more}. Keep one of each, or the test measures what was learnt by heart."
    )
