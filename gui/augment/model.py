"""What the page shows: which picture, which epoch, which batch, and the job that makes it. No widget knows of jobs."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.datasets.annotation import TARGETS
from engine.datasets.augment import AUGMENTATIONS, Augmentation
from engine.datasets.base import DATASETS, PictureSet
from engine.datasets.preprocess import Preprocessor
from engine.datasets.reading import Reader
from engine.datasets.spec import Choice
from engine.errors import BadInput, VitrineError
from engine.events import Event, Failed, Finished
from engine.tasks.base import TASKS
from gui.augment.jobs import Gallery, MakeBatch, MakeSingles, MakeVariants
from gui.context import Context
from gui.data.model import shared_model
from gui.runtime.jobs import JobHandle

Mode = Literal["variants", "singles", "batch"]
VARIANTS = 15
_PAUSE_MS = 60


class AugmentModel(QObject):
    """Follows the document; makes pictures anew a moment after something has changed.

    Signals:
        shown(): `gallery` or `error` is new.
        found(): other pictures, another training part, or none.
    """

    shown = Signal()
    found = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.data = shared_model(context)
        self.mode: Mode = "variants"
        self.index = -1  # none yet
        self.first_epoch = 0
        self.epoch = 0
        self.number = 0
        self.gallery: Gallery | None = None
        self.error: VitrineError | None = None
        self._active = False
        self._reader: Reader | None = None
        self._job: JobHandle | None = None
        self._pause = QTimer(self, singleShot=True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._make)
        self.data.pictures_changed.connect(self._forget)
        self.data.report_changed.connect(self._reported)
        context.engine.ready.connect(self.refresh)

    # what the widgets ask

    @property
    def pictures(self) -> PictureSet | None:
        """The dataset's pictures, as far as they are found; None for data of another kind."""
        found = self.data.pictures
        return found if isinstance(found, PictureSet) and self.kind == "pictures" else None

    @property
    def kind(self) -> str:
        """What the dataset's samples are."""
        id = self._context.document.project.data.source.id
        return DATASETS.get(id).kind if id in DATASETS else "pictures"

    @property
    def train(self) -> np.ndarray:
        """Where the training pictures stand in the dataset: int64, (N,)."""
        part = self.data.part
        return np.flatnonzero(part == 0) if part is not None else np.zeros(0, np.int64)

    @property
    def ready(self) -> bool:
        """Whether everything that a picture needs is there."""
        return self._context.engine.is_ready and self.pictures is not None and len(self.train) > 0

    @property
    def batch_size(self) -> int:
        return self._context.document.project.training.batch_size

    @property
    def seed(self) -> int:
        return self._context.document.project.training.seed

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self._context.document.project.data.augmentation

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        count = len(self.train)
        starts = range(0, count, self.batch_size)
        # A single left-over picture joins the batch before.
        alone = len(starts) > 1 and count - starts[-1] == 1
        return max(1, len(starts) - alone)

    @property
    def pending(self) -> bool:
        """Whether other pictures are on their way."""
        return self._pause.isActive() or self._job is not None

    def gives(self) -> tuple[str, ...]:
        """What is known of the pictures."""
        return () if self.pictures is None else tuple(name for name in TARGETS if name in self.pictures.gives)

    @property
    def task(self) -> str:
        return self._context.document.project.task

    @property
    def needs(self) -> tuple[str, ...]:
        """The targets that the project's task learns from."""
        return TASKS.get(self.task).needs if self.task in TASKS else ("label",)

    @property
    def uses(self) -> tuple[str, ...]:
        """Further targets that it takes where the data gives them."""
        return TASKS.get(self.task).uses if self.task in TASKS else ()

    def fault_of(self, method: Augmentation) -> str:
        """Why the task cannot be trained with a method, or ""."""
        return method.fits(self.needs, self.task)

    def unfit(self) -> frozenset[str]:
        """The methods that the task cannot be trained with, by their ids."""
        return frozenset(id for id, method in AUGMENTATIONS.items() if self.fault_of(method()))

    # what the widgets do

    def edit(self, label: str, choices: tuple[Choice, ...], merge: str | None = None) -> None:
        """Take another list of augmentations as one undoable step; the same `merge` joins the step before."""
        self.data.edit(label, merge=merge, augmentation=choices)

    def look(self, **changes: Any) -> None:
        """Look at something else: `mode`, `index`, `first_epoch`, `epoch` or `number`."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.refresh()

    def start(self) -> None:
        """The page is seen: find the pictures, unless that is done."""
        self._active = True
        self.data.start()
        self._choose()
        self.refresh()

    def stop(self) -> None:
        """The page is not seen any more: make nothing."""
        self._active = False
        self._drop()

    def refresh(self) -> None:
        """Make what is shown anew in a moment; what is on its way is dropped."""
        self._drop()
        if self._active and self.ready:
            self._pause.start()

    def forget_reading(self) -> None:
        """What the network sees is different now."""
        self._reader = None
        self.refresh()

    # inside

    def _drop(self) -> None:
        self._pause.stop()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _forget(self) -> None:
        self._drop()
        self._reader = self.gallery = self.error = None
        self.found.emit()
        self.shown.emit()

    def _choose(self) -> None:
        """Begin with the first training picture."""
        train = self.train
        count = 0 if self.pictures is None else len(self.pictures)
        if len(train) and not 0 <= self.index < count:
            self.index = int(train[0])

    def _reported(self) -> None:
        self._choose()
        self.number = min(self.number, self.batches - 1)
        self.found.emit()
        self.forget_reading()

    def _make(self) -> None:
        pictures = self.pictures
        if pictures is None or not self.ready:
            return
        try:
            if self._reader is None:
                seen = Preprocessor(self._context.document.project.data.preprocess)
                self._reader = Reader(pictures, seen, self.train, (*self.needs, *self.uses), TARGETS)
        except BadInput as error:
            self._show(None, error)
            return
        handle = self._context.runner.start(self._work(self._reader), title="Changing pictures", show=False)
        self._job = handle

        def ended(end: Event) -> None:
            if self._job is not handle:
                return
            self._job = None
            if isinstance(end, Finished):
                self._show(end.result, None)
            elif isinstance(end, Failed):
                self._show(None, end.error)

        handle.ended.connect(ended)

    def _work(self, reader: Reader) -> Any:
        if self.mode == "batch":
            return MakeBatch(reader, self.choices, self.seed, self.batch_size, self.epoch, self.number)
        if self.mode == "singles":
            return MakeSingles(
                reader, self.choices, self.seed, self.index, self.first_epoch, in_families(), self.unfit()
            )
        return MakeVariants(reader, self.choices, self.seed, self.index, self.first_epoch, VARIANTS)

    def _show(self, gallery: Gallery | None, error: VitrineError | None) -> None:
        self.gallery, self.error = gallery, error
        self.shown.emit()


FAMILIES = ("Place and shape", "Colour and light", "Disturbance", "Mixing")


def in_families() -> tuple[str, ...]:
    """The ids of all methods, family by family, those of a family by their labels."""

    def key(id: str) -> tuple[int, str]:
        method = AUGMENTATIONS.get(id)
        known = method.family in FAMILIES
        return (FAMILIES.index(method.family) if known else len(FAMILIES), method.label)

    return tuple(sorted(AUGMENTATIONS, key=key))
