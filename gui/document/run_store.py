"""The runs in the project's folder, and the one that pages talk about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.project.places import runs_root
from gui.document.document import Document
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.notifications import Notifier

if TYPE_CHECKING:
    from engine.training.runs import RunInfo


class RunStore(QObject):
    """Lists the runs by a job whenever the project is replaced or somebody asks.

    Signals:
        changed(): `runs` or `current` are different now.
    """

    changed = Signal()

    def __init__(
        self, document: Document, runner: JobRunner, notifier: Notifier, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._runner = runner
        self._notifier = notifier
        self._handle: JobHandle | None = None
        self._again = False
        self._wanted = ""
        self.runs: tuple[RunInfo, ...] = ()
        self._current: RunInfo | None = None
        document.replaced.connect(self._replaced)

    @property
    def current(self) -> RunInfo | None:
        """The run that Evaluate and Live start with: the one chosen last, else the newest."""
        return self._current

    def select(self, run: RunInfo | None) -> None:
        """Make `run` the current one."""
        if run != self._current:
            self._current = run
            self.changed.emit()

    def refresh(self, select: str = "") -> None:
        """Read the list anew; `select` is the name of the run to make current when it is there."""
        self._wanted = select or self._wanted
        if self._handle is not None:
            self._again = True
            return
        folder = self._document.folder

        def look(emit: Emit, token: CancelToken) -> tuple[RunInfo, ...]:
            from engine.training.runs import list_runs

            return tuple(list_runs(runs_root(folder)))

        self._handle = self._runner.start(look, title="Reading the runs", show=False)
        self._handle.ended.connect(self._listed)

    def _replaced(self) -> None:
        self.runs, self._current, self._wanted = (), None, ""
        self.changed.emit()
        self.refresh()

    def _listed(self, end: Event) -> None:
        self._handle = None
        if self._again:
            self._again = False
            self.refresh()
            return
        if isinstance(end, Failed):
            self._notifier.error(end.error)
        if not isinstance(end, Finished):
            return
        self.runs = end.result
        name = self._wanted or (self._current.name if self._current else "")
        newest = max(self.runs, key=lambda run: run.created, default=None)
        self._current = next((run for run in self.runs if run.name == name), newest)
        self._wanted = ""
        self.changed.emit()
