"""What the Data page knows of the pictures: found, looked at and reported on by jobs that follow the document."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from engine.datasets.base import DATASETS, PictureSet
from engine.datasets.drawn_series import DrawnSeries
from engine.datasets.examine import Examination
from engine.datasets.report import DatasetReport
from engine.datasets.spec import Choice, DataSpec
from engine.errors import VitrineError
from engine.events import Cancelled, Event, Failed, Finished
from engine.frozen import FrozenDict
from gui.context import Context
from gui.data.fitting import Fit, fit
from gui.data.jobs import ExaminePictures, LoadPictures, MakeReport
from gui.document.classes_follow import follow_classes, step_key
from gui.document.document import Change
from gui.runtime.jobs import JobHandle

REPORT_PAUSE_MS = 120  # dragging a share reports once it rests

State = Literal["idle", "loading", "looking", "ready", "stopped", "failed"]


class DataModel(QObject):
    """Follows the document's data settings.

    Signals:
        pictures_changed(): `pictures` is another set, or None.
        report_changed(): `report` and `part` are new.
        state_changed(): `state`, `error` or `work` are different now.
        task_fitted(object): a `Fit`; the task was set together with the dataset, in the step that was just done.
        network_fitted(object, object): the network now tells that many classes, in the same step; a `Fit` or None.
    """

    pictures_changed = Signal()
    report_changed = Signal()
    state_changed = Signal()
    task_fitted = Signal(object)
    network_fitted = Signal(object, object)

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.state: State = "idle"
        self.error: VitrineError | None = None
        self.pictures: PictureSet | None = None
        self.examination: Examination | None = None
        self.report: DatasetReport | None = None
        self.part: np.ndarray | None = None
        self.work: JobHandle | None = None  # loading or looking
        self._reporting: JobHandle | None = None
        self._source: tuple[Choice, Path] | None = None
        self._chosen: tuple[Choice, str, Fit | None] | None = None  # whose classes are not known yet
        self._pause = QTimer(self, singleShot=True)
        self._pause.setInterval(REPORT_PAUSE_MS)
        self._pause.timeout.connect(self._report)
        context.document.changed.connect(self._document_changed)
        context.document.replaced.connect(self.reload)

    @property
    def data(self) -> DataSpec:
        """The document's data settings as they are now."""
        return self._context.document.project.data

    @property
    def task(self) -> str:
        """The id of the document's task as it is now."""
        return self._context.document.project.task

    @property
    def noun(self) -> str:
        """What one sample of the dataset is."""
        id = self.data.source.id
        if id not in DATASETS:
            return "picture"
        source = DATASETS.get(id)
        return source.noun or {"series": "sequence", "text": "passage"}.get(source.kind, "picture")

    def edit(self, label: str, merge: str | None = None, **changes: Any) -> None:
        """Change fields of the document's `DataSpec` as one undoable step."""
        document = self._context.document
        data = self.data.model_copy(update=changes)
        document.edit(label, document.project.with_(data=data), merge=merge)

    def choose(self, label: str, source: Choice) -> None:
        """Choose another dataset, and in the same step a task that it serves where the project's own it cannot."""
        document = self._context.document
        project = document.project.with_(data=self.data.model_copy(update={"source": source}))
        found = fit(project.task, source.id)
        if found is not None:
            project = project.with_(task=found.task, task_options=FrozenDict())
        step = step_key("dataset")
        self._chosen = (source, step, found)
        if document.edit(label, project, merge=step) and found is not None:
            self.task_fitted.emit(found)

    def start(self) -> None:
        """Load what the document names, unless that is done or under way."""
        if self._source != (self.data.source, self._context.document.folder):
            self.reload()

    def reload(self) -> None:
        """Find the pictures anew, such as after files have changed."""
        self._drop_work()
        self._source = (self.data.source, self._context.document.folder)
        self.pictures = self.examination = self.report = self.part = None
        self.pictures_changed.emit()
        self.report_changed.emit()
        self._begin("loading", LoadPictures(*self._source), "Finding pictures", self._loaded)

    def look(self) -> None:
        """Look at every picture, again after it was stopped."""
        if self.pictures is not None:
            self._drop_work()
            self._begin("looking", ExaminePictures(self.pictures), "Looking at the pictures", self._looked)

    def cancel(self) -> None:
        """Stop what is under way."""
        if self.work is not None:
            self.work.cancel()

    # inside

    def _document_changed(self, change: Change) -> None:
        if self._source is None:
            return
        before, after = change.before.data, change.after.data
        if before.source != after.source:
            self.reload()
        elif before.split != after.split or before.preprocess != after.preprocess:
            self._pause.start()
        elif change.before.task != change.after.task and self.state == "failed":
            self.state_changed.emit()  # another task is served by other datasets

    def _begin(self, state: State, job: Any, title: str, then: Any) -> None:
        handle = self._context.runner.start(job, title=title)
        self.work, self.error, self.state = handle, None, state

        def ended(end: Event) -> None:
            if self.work is not handle:
                return  # the source has changed meanwhile
            self.work = None
            if isinstance(end, Finished):
                then(end.result)
            elif isinstance(end, Failed):
                self.error, self.state = end.error, "failed"
            elif isinstance(end, Cancelled):
                self.state = "stopped"
            self.state_changed.emit()

        handle.ended.connect(ended)
        self.state_changed.emit()

    def _drop_work(self) -> None:
        self._pause.stop()
        for handle in (self.work, self._reporting):
            if handle is not None:
                handle.cancel()
        self.work = self._reporting = None

    def _loaded(self, pictures: PictureSet) -> None:
        self.pictures = pictures
        of_samples = pictures.series.classes if isinstance(pictures, DrawnSeries) else pictures.classes
        self._context.checker.learn_classes(self.data.source, len(of_samples))
        self._let_network_follow(len(of_samples))
        self.pictures_changed.emit()
        self.look()

    def _let_network_follow(self, classes: int) -> None:
        """After a dataset was chosen and read. A classifier's last layer stays a matter of the drawing."""
        chosen, self._chosen = self._chosen, None
        if chosen is None or chosen[0] != self.data.source:
            return
        _, step, found = chosen
        if found is not None or self._context.document.project.task != "classification":
            follow_classes(
                self._context.document,
                self._context.runner,
                step,
                classes,
                lambda: self.network_fitted.emit(classes, found),
            )

    def _looked(self, examination: Examination) -> None:
        self.examination = examination
        self.state = "ready"
        self._report()

    def _report(self) -> None:
        if self.pictures is None or self.examination is None:
            return
        if self._reporting is not None:
            self._reporting.cancel()
        job = MakeReport(self.data, self.pictures, self.examination)
        handle = self._context.runner.start(job, title="Splitting the pictures", show=False)
        self._reporting = handle

        def ended(end: Event) -> None:
            if self._reporting is not handle:
                return
            self._reporting = None
            if isinstance(end, Finished):
                self.report, self.part = end.result.report, end.result.part
                self._context.checker.learn_count(job.data, int((self.part == 0).sum()))
                self.report_changed.emit()
            elif isinstance(end, Failed):
                self.error, self.state = end.error, "failed"
                self.state_changed.emit()

        handle.ended.connect(ended)


def shared_model(context: Context) -> DataModel:
    """The document's model, that all pages follow, so that pictures are found and looked at once only."""
    document = context.document
    found = document.findChild(DataModel)
    return found if found is not None else DataModel(context, document)
