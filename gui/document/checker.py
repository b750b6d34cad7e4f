"""Keeps the analysis of the drawing up to date, outside the interface thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from engine.cancel import CancelToken
from engine.datasets.spec import Choice, DataSpec
from engine.errors import BadInput
from engine.events import Emit, Event, Failed, Finished
from engine.project.spec import ProjectSpec
from gui.document.document import Change, Document
from gui.runtime.engine_loader import EngineLoader
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.notifications import Notifier

if TYPE_CHECKING:
    from engine.graph.results import Analysis


class Checker(QObject):
    """Watches the document; after every change of the network an `Analysis` of the newest one follows.

    Signals:
        analysed(object): an `Analysis`, always of the network that is open now; stale answers are dropped.
        counted(): `samples` is known anew.
    """

    analysed = Signal(object)
    counted = Signal()

    def __init__(
        self,
        document: Document,
        runner: JobRunner,
        engine: EngineLoader,
        notifier: Notifier,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._runner = runner
        self._engine = engine
        self._notifier = notifier
        self._handle: JobHandle | None = None
        self._last: Analysis | None = None
        self._asked: tuple[object, ...] = ()
        self._learned: tuple[Choice, int] | None = None
        self._counted: tuple[DataSpec, int] | None = None
        # One check for everything that happens in one turn of the event loop; while one runs, changes gather anyway.
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.check)
        document.changed.connect(self._changed)
        document.replaced.connect(self._timer.start)
        engine.ready.connect(self.check)

    @property
    def analysis(self) -> Analysis | None:
        """The newest answer, which may be about an earlier state of the drawing; None before the first."""
        return self._last

    @property
    def up_to_date(self) -> bool:
        last = self._last
        if self._handle is not None or last is None:
            return False  # what is being asked now has no answer yet, even if the drawing is the same
        return last.spec is self._document.project.network and self._asked == self._question()

    def _question(self) -> tuple[object, ...]:
        """What an answer depends on beside the drawing."""
        project = self._document.project
        return self.classes, project.task, project.task_options, project.data.preprocess, project.data.source

    @property
    def classes(self) -> int | None:
        """How many classes the project's data has, as far as that is known without reading it."""
        source = self._document.project.data.source
        if self._learned is not None and self._learned[0] == source:
            return self._learned[1]
        if not self._engine.is_ready:
            return (
                None  # nothing is checked before, and the list of datasets would be imported ahead of the first paint
            )
        from engine.datasets.base import DATASETS, parse_source

        try:
            return parse_source(source).known_classes() if source.id in DATASETS else None
        except BadInput:
            return None  # an option that cannot be is told where it is set

    @property
    def samples(self) -> int | None:
        """How many samples the project's training part has; None while nobody has counted them."""
        data = self._document.project.data
        if self._counted is None or (self._counted[0].source, self._counted[0].split) != (data.source, data.split):
            return None
        return self._counted[1]

    def learn_count(self, data: DataSpec, samples: int) -> None:
        """Whoever has split the data tells how many samples the training part has."""
        self._counted = (data, samples)
        self.counted.emit()

    def learn_classes(self, source: Choice, count: int) -> None:
        """Whoever has read the pictures of `source` tells how many classes there are."""
        self._learned = (source, count)
        self.check()

    def check(self) -> None:
        """Analyse now unless that is under way already."""
        if self._handle is not None or self.up_to_date or not self._engine.is_ready:
            return
        self._asked = self._question()
        job = _Analyse(self._document.project, self._last, self.classes)
        self._handle = self._runner.start(job, title="Checking the network", show=False)
        self._handle.ended.connect(self._ended)

    def _changed(self, change: Change) -> None:
        before, after = change.before, change.after
        asked = [(one.data.source, one.task, one.task_options, one.data.preprocess) for one in (before, after)]
        if change.network_changed or asked[0] != asked[1]:
            self._timer.start()

    def _ended(self, end: Event) -> None:
        self._handle = None
        if isinstance(end, Failed):
            self._notifier.error(end.error)
            return
        if not isinstance(end, Finished):
            return
        self._last = end.result
        if self.up_to_date:
            self.analysed.emit(end.result)
        elif not self._timer.isActive():
            self.check()


class _Analyse:
    def __init__(self, project: ProjectSpec, previous: Any, classes: int | None) -> None:
        self._project = project
        self._previous = previous
        self._classes = classes

    def __call__(self, emit: Emit, token: CancelToken) -> Analysis:
        from engine.graph.analyse import analyse
        from engine.project.suiting import KIND, unsuited

        project = self._project
        # A classifier's width is a matter of the drawing, with repairs; every other task judges the whole.
        if project.task == "classification":
            return analyse(project.network, self._previous, classes=self._classes)
        found = analyse(project.network, self._previous)
        problem = unsuited(project, found, self._classes)
        others = tuple(one for one in found.problems if one.kind != KIND)
        return replace(found, problems=others if problem is None else (*others, problem))
