"""The open project. Every change of it, wherever made, is one undoable step from one frozen value to another."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoStack

from engine.errors import VitrineError
from engine.events import Event, Failed, Finished
from engine.graph.spec import NetworkSpec
from engine.job import Job
from engine.project.recovery import Autosaved, RecoverySlot
from engine.project.spec import ProjectSpec
from gui.document import files
from gui.document.commands import EditCommand
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.notifications import Notifier


@dataclass(frozen=True)
class Change:
    """One step, done or undone: what was, what is, and its name in the Edit menu."""

    before: ProjectSpec
    after: ProjectSpec
    label: str

    @property
    def network_changed(self) -> bool:
        return self.before.network is not self.after.network


class Document(QObject):
    """Holds the project and its undo history, and has files read and written by jobs.

    Signals:
        changed(object): a `Change`, after every edit, undo and redo.
        replaced(): another project is open now; the history is empty.
        state_changed(): saved or unsaved, name or folder are different now.
    """

    changed = Signal(object)
    replaced = Signal()
    state_changed = Signal()

    def __init__(
        self,
        runner: JobRunner,
        notifier: Notifier | None = None,
        *,
        autosave_seconds: float = 5,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._notifier = notifier or Notifier(self)
        self.project = ProjectSpec()
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._clean_changed)
        self.saved_at: float | None = None  # seconds since 1970
        self.opening: JobHandle | None = None
        self.saving: JobHandle | None = None
        self._place: Path | None = None
        self._slot: RecoverySlot = files.first_slot()
        self._autosave = QTimer(self, singleShot=True)
        self.autosave_seconds = autosave_seconds
        self._autosave.timeout.connect(self._autosave_now)

    # what is open

    @property
    def folder(self) -> Path:
        """The project's folder, always a real one: runs go there. An unsaved project lives in its recovery folder."""
        return self._place or self._slot.folder

    @property
    def has_place(self) -> bool:
        """Whether the user has chosen a folder, so that `save` needs no question."""
        return self._place is not None

    @property
    def dirty(self) -> bool:
        """Whether there are changes that `save` would write."""
        return not self.undo_stack.isClean()

    @property
    def saved(self) -> bool:
        return self.has_place and not self.dirty

    def _clean_changed(self) -> None:
        self.state_changed.emit()

    # editing

    def edit(self, label: str, project: ProjectSpec, merge: str | None = None) -> bool:
        """Make `project` the current one as a step called `label`; False when nothing is different.

        Args:
            merge: edits with the same key that follow within two seconds become one step, for typing and dragging;
                with a key that begins with `commands.ONE_STEP` however much later.
        """
        if project == self.project:
            return False
        self.undo_stack.push(EditCommand(label, self.project, project, self._show, merge))
        return True

    def edit_network(
        self, label: str, change: NetworkSpec | Callable[[NetworkSpec], NetworkSpec], merge: str | None = None
    ) -> bool:
        """Edit the network, by a new one or by a function of the current one, which may raise `BadInput`."""
        network = change if isinstance(change, NetworkSpec) else change(self.project.network)
        return self.edit(label, self.project.with_(network=network), merge)

    def _show(self, before: ProjectSpec, after: ProjectSpec, label: str) -> None:
        self.project = after
        if not self._autosave.isActive():
            self._autosave.start(round(self.autosave_seconds * 1000))
        self.changed.emit(Change(before, after, label))

    # files, all through jobs

    def new(self, project: ProjectSpec | None = None) -> JobHandle:
        """Open a new, unsaved project, empty or as given."""
        return self._replace_by(files.New(self._leaving(), project or ProjectSpec()), "New project")

    def open(self, path: Path) -> JobHandle:
        """Open a project folder, its project.json, or a network file (as a new project)."""
        return self._replace_by(files.Open(self._leaving(), Path(path)), f"Opening {Path(path).name}")

    def open_copy(self, source: Path, target: Path) -> JobHandle:
        """Copy a project folder, such as a sample, to a new folder at or beside `target` and open that."""
        return self._replace_by(files.OpenCopy(self._leaving(), source, target), f"Copying {source.name}")

    def recover(self, left: Autosaved) -> JobHandle:
        """Go on with what was autosaved and never saved."""
        return self._replace_by(files.Recover(self._leaving(), left), f"Recovering {left.name}")

    def save(self) -> JobHandle:
        """Write the project into its folder. Raises `ValueError` when it has none yet: use `save_as`."""
        if self._place is None:
            raise ValueError("this project has no folder yet")
        return self._save_to(self._place)

    def save_as(self, folder: Path) -> JobHandle:
        """Write the project, with its runs and copied pictures, into `folder` and go on there."""
        return self._save_to(Path(folder))

    def duplicate(self) -> JobHandle:
        """Open an unsaved copy of this project, without its runs."""
        return self.new(self.project.with_(name=f"{self.project.name} copy"))

    def autosave(self) -> JobHandle:
        """Write the project into the recovery folder now."""
        self._autosave.stop()
        handle = self._runner.start(
            files.Autosave(self._slot, self.project, self._place), title="Autosaving", show=False
        )
        handle.ended.connect(self._report)
        return handle

    def close(self) -> None:
        """Leave the project: what is unsaved is kept and offered at the next start. The last call before shutdown."""
        self._autosave.stop()
        self._runner.start(self._leaving(), title="Keeping unsaved work", show=False)
        # WORKAROUND: a stack that still holds commands written in Python can be destroyed twice by the garbage
        # collector (PySide6 6.11), when some of it was there before `gc.freeze` and some came later.
        self.undo_stack.clear()

    def _leaving(self) -> files.Leave:
        return files.Leave(self._slot, self.project, self._place, self.dirty)

    def _autosave_now(self) -> None:
        if self.dirty:
            self.autosave()

    def _replace_by(self, job: Job, title: str) -> JobHandle:
        if self.opening is not None and self.opening.running:
            return self.opening
        self._autosave.stop()
        handle = self._runner.start(job, title=title)
        self.opening = handle
        handle.ended.connect(self._opened)
        return handle

    def _opened(self, end: Event) -> None:
        self.opening = None
        if self._report(end) and isinstance(end, Finished):
            opened: files.Opened = end.result
            self.project, self._place, self._slot = opened.project, opened.place, opened.slot
            self.undo_stack.clear()
            self.saved_at = time.time() if opened.place else None
            if opened.unsaved:
                self.undo_stack.resetClean()
            self.replaced.emit()
            self.state_changed.emit()

    def _save_to(self, folder: Path) -> JobHandle:
        project = self.project
        handle = self._runner.start(files.Save(self._slot, project, self.folder, folder), title="Saving")
        self.saving = handle

        def ended(end: Event) -> None:
            self.saving = None
            if self._report(end) and isinstance(end, Finished):
                self._place, self.saved_at = folder, time.time()
                if self.project is project:
                    self.undo_stack.setClean()
                elif not self._autosave.isActive():
                    self._autosave.start(round(self.autosave_seconds * 1000))
                self.state_changed.emit()

        handle.ended.connect(ended)
        return handle

    def _report(self, end: Event) -> bool:
        if isinstance(end, Failed):
            error: VitrineError = end.error
            self._notifier.error(error)
        return isinstance(end, Finished)
