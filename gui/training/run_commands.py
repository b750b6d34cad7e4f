"""What can be done with a run in the list: resume, evaluate, rename, open its folder, move it to the trash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices

from engine.events import Event, Failed, Finished
from engine.training.runs import RunInfo
from gui.actions import make_action
from gui.context import Context
from gui.training.run_files import RenameRun, RestoreRun, TrashRun


class RunCommands(QObject):
    """Actions about the chosen run; `chosen` answers with it.

    Signals:
        resume_wanted(object), rename_wanted(): the page carries these out.
        renamed(object): (old name, new name), once it is done.
    """

    resume_wanted = Signal(object)
    rename_wanted = Signal()
    renamed = Signal(object)

    def __init__(self, context: Context, chosen: Callable[[], RunInfo | None], parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._chosen = chosen
        widget = Qt.ShortcutContext.WidgetShortcut

        def action(text: str, slot: Callable[[], object], icon: str, tip: str, shortcut: str | None = None) -> QAction:
            return make_action(self, text, slot, icon=icon, tip=tip, shortcut=shortcut, scope=widget)

        self.resume = action("Resume this run", self._resume, "resume", "Go on with the chosen run")
        self.evaluate = action("Evaluate this run", self._evaluate, "evaluate", "Measure the chosen run class by class")
        self.rename = action("Rename run…", self.rename_wanted.emit, "edit", "Give the chosen run another name", "F2")
        self.folder = action("Open the run's folder", self._open_folder, "folder", "Show the chosen run's files")
        self.trash = action(
            "Move run to the trash", self._trash, "delete", "Take the chosen run away; it can be taken back", "Del"
        )
        self.all = [self.resume, self.evaluate, self.rename, self.folder, self.trash]
        for one in self.all:
            one.setProperty("menu", "Train")

    def update(self, busy: bool, live: str) -> None:
        """Offer what can be done with the chosen run, and say why not."""
        run = self._chosen()
        running = run is not None and run.name == live and busy
        why = resume_obstacle(run, self._context.document.project.training.epochs) if run is not None else "No run."
        if busy:
            why = "A training is running."
        self.resume.setEnabled(not why)
        self.resume.setToolTip(why or "Go on with the chosen run from its last checkpoint")
        for one in (self.evaluate, self.folder):
            one.setEnabled(run is not None)
        for one in (self.rename, self.trash):
            one.setEnabled(run is not None and not running)

    def rename_to(self, run: RunInfo, name: str) -> None:
        """Rename `run` in the background, with a message that offers to undo it."""

        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            elif isinstance(end, Finished):
                folder: Path = end.result
                self.renamed.emit((run.name, folder.name))
                self._context.runs.refresh(select=folder.name)

        handle = self._context.runner.start(RenameRun(run.folder, name), title=f"Renaming {run.name}", show=False)
        handle.ended.connect(ended)

    def _resume(self) -> None:
        run = self._chosen()
        if run is not None:
            self.resume_wanted.emit(run)

    def _evaluate(self) -> None:
        run = self._chosen()
        if run is not None:
            self._context.runs.select(run)
            self._context.navigate("evaluate", run=run.name)

    def _open_folder(self) -> None:
        run = self._chosen()
        if run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    def _trash(self) -> None:
        run = self._chosen()
        if run is None:
            return

        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            elif isinstance(end, Finished):
                self._context.runs.refresh()
                take_back = ("Undo", lambda: self._restore(end.result, run.folder))
                where = f"It lies in {end.result.parent} now."
                self._context.notifier.show("info", f"{run.name} was moved to the trash.", where, action=take_back)

        handle = self._context.runner.start(TrashRun(run.folder), title=f"Removing {run.name}", show=False)
        handle.ended.connect(ended)

    def _restore(self, trashed: Path, folder: Path) -> None:
        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            self._context.runs.refresh(select=folder.name)

        handle = self._context.runner.start(RestoreRun(trashed, folder), title=f"Restoring {folder.name}", show=False)
        handle.ended.connect(ended)


def resume_obstacle(run: RunInfo, epochs: int) -> str:
    """Why `run` cannot go on to `epochs` epochs, in words, or ""."""
    if run.status == "running":
        return f"{run.name} is being trained."
    if run.baseline:
        return f"{run.name} is a baseline, which has no epochs to go on with."
    if run.epochs_done >= epochs:
        return f"{run.name} has been trained for {run.epochs_done} epochs; set more than that to go on."
    return ""
