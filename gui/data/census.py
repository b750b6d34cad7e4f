"""What classes come to where the task does not learn one class for each picture: counted by a job, said in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.datasets.base import PictureSet
from engine.datasets.census import MOST_MASKS, Census, Unit, take_census, unit_of
from engine.datasets.report import Finding
from engine.events import Emit, Event, Failed, Finished
from engine.tasks.base import TASKS
from gui.context import Context
from gui.data.class_bars import Tally
from gui.data.model import DataModel
from gui.runtime.jobs import JobHandle
from gui.widgets.words import count, percent

BY_CLASS = ("alone", "contradicting", "imbalance", "missing")
"""Kinds of findings that hold only where every picture has one class."""
UNEVEN = 3  # times as many as the rarest class: from there on a network favours the frequent one
_NOUNS = {"boxes": ("object", "objects"), "pictures": ("picture", "pictures")}


@dataclass(frozen=True)
class CountClasses:
    """Count what the pictures show; gives a `Census`."""

    pictures: PictureSet
    unit: Unit

    def __call__(self, emit: Emit, token: CancelToken) -> Census:
        return take_census(self.pictures, self.unit, emit, token)


class CensusModel(QObject):
    """Follows a `DataModel` and the project's task.

    Signals:
        changed(): `unit`, `census` or `ended` are different now.
    """

    changed = Signal()

    def __init__(self, context: Context, model: DataModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._model = model
        self.unit: Unit | None = None  # None while every picture counts for its one class
        self.census: Census | None = None
        self.ended = False  # whether counting ended without a result; it is not begun again by itself
        self._pictures: PictureSet | None = None
        self._work: JobHandle | None = None
        model.report_changed.connect(self._follow)
        model.pictures_changed.connect(self._follow)
        context.document.changed.connect(lambda _change: self._follow())

    @property
    def learned(self) -> bool:
        """Whether the task learns the classes, or only the pictures; then it is no matter how often each occurs."""
        task = self._context.document.project.task
        return bool({"boxes", "regions", "labels"} & set(TASKS.get(task).needs)) if task in TASKS else False

    def _follow(self) -> None:
        pictures, task = self._model.pictures, self._context.document.project.task
        unit = None
        if pictures is not None and task in TASKS and self._model.noun == "picture":
            unit = unit_of(TASKS.get(task).needs, pictures.gives)
        if (pictures, unit) != (self._pictures, self.unit):
            self._drop()
            self._pictures, self.unit, self.census, self.ended = pictures, unit, None, False
            self.changed.emit()
        # The pictures themselves come first; nobody waits for this.
        idle = self.census is None and self._work is None and not self.ended
        if unit is not None and idle and self._model.report is not None:
            self._count()

    def _count(self) -> None:
        assert self._pictures is not None
        assert self.unit is not None
        job = CountClasses(self._pictures, self.unit)
        self._work = self._context.runner.start(job, title="Counting what the pictures show", show=False)
        self._work.ended.connect(self._counted)

    def _counted(self, end: Event) -> None:
        self._work = None
        if isinstance(end, Finished):
            self.census = end.result
        else:
            self.ended = True
        if isinstance(end, Failed):
            self._context.notifier.error(end.error)
        self.changed.emit()

    def _drop(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work.ended.disconnect(self._counted)
            work.cancel()


def tally(census: Census, amounts: np.ndarray, holders: np.ndarray) -> Tally:
    """The rows of the list of classes in words.

    Args:
        amounts, holders: int64, (classes, 3), as of `Census`.
    """
    held = holders.sum(axis=1).tolist()
    total = int(amounts.sum())
    shown = len(np.unique(census.picture))
    if census.unit == "pixels":
        pixels = max(1, total + census.background)
        sample = f" of {len(census.looked):,} counted" if len(census.looked) == MOST_MASKS else ""
        figures = [percent(total / pixels), *(percent(of / pixels) for of in amounts.sum(axis=1).tolist())]
        below = [f"of pixels; background {percent(census.background / pixels)}"]
        below += [f"of pixels, in {count(each, 'picture')}{sample}" for each in held]
        return Tally(tuple(figures), tuple(below), shares=True)
    if census.unit == "boxes":
        figures = [f"{total:,}", *(f"{each:,}" for each in amounts.sum(axis=1).tolist())]
        of_all = [(total, shown), *zip(amounts.sum(axis=1).tolist(), held, strict=True)]
        below = [f"{'object' if one == 1 else 'objects'} in {count(in_, 'picture')}" for one, in_ in of_all]
        return Tally(tuple(figures), tuple(below))
    every = [shown, *held]
    below = [f"{'picture' if each == 1 else 'pictures'} show{'s' if each == 1 else ''} it" for each in every]
    return Tally(tuple(f"{each:,}" for each in every), ("pictures show any of them", *below[1:]))


def uncounted(classes: int, ended: bool) -> Tally:
    """While it is being counted, or after that has ended without a result."""
    words = "Not counted" if ended else "Being counted…"
    return Tally(("",) * (classes + 1), (words,) * (classes + 1))


def shown_in(census: Census, classes: tuple[str, ...], index: int) -> str:
    """The classes that a picture shows, such as "2 circle, 1 star"; "" where it was not counted."""
    if index not in census.looked:
        return ""
    found = census.of(index)
    if census.unit == "boxes":
        return ", ".join(f"{amount:,} {classes[label]}" for label, amount in found) or "No objects"
    return ", ".join(classes[label] for label, _ in found) or "None of the classes"


def findings(census: Census, classes: tuple[str, ...], amounts: np.ndarray) -> tuple[Finding, ...]:
    """What a person should know of how often classes occur.

    Args:
        amounts: int64, (classes, 3), of training, validation and test.
    """
    found: list[Finding] = []
    learned, totals = amounts[:, 0], amounts.sum(axis=1)
    unseen = [classes[label] for label in np.flatnonzero(learned == 0)]
    if unseen:
        more = f" and {len(unseen) - 3} more" if len(unseen) > 3 else ""
        found.append(
            Finding(
                "unseen",
                "warning",
                f"No training picture shows {', '.join(unseen[:3])}{more}, so it cannot be learned.",
                "Add pictures that show it, or give the training a larger share.",
            )
        )
    seen = np.flatnonzero(totals)
    if len(seen) > 1 and totals[seen].max() >= UNEVEN * totals[seen].min():
        many, few = int(seen[totals[seen].argmax()]), int(seen[totals[seen].argmin()])
        if census.unit == "pixels":
            whole = totals.sum() + census.background
            what = f"{classes[many]} fills {percent(totals[many] / whole)} of the pixels and {classes[few]} only "
            what += f"{percent(totals[few] / whole)}."
            advice = "Choose balanced class weights or a Dice loss, and judge by mean IoU, not by accuracy."
        else:
            what = f"{classes[many]} has {count(int(totals[many]), *_NOUNS[census.unit])} and {classes[few]} only "
            what += f"{totals[few]:,}."
            advice = "The network will favour the frequent class; add pictures that show the rare ones."
        found.append(Finding("imbalance", "warning", what, advice))
    return tuple(found)
