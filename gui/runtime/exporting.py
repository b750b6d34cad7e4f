"""Asks where an export should go and has it written by a job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.project.atomic import write_atomic
from gui.runtime.job_runner import JobRunner
from gui.runtime.jobs import JobHandle
from gui.runtime.notifications import Notifier
from gui.widgets.exports import Export


@dataclass(frozen=True)
class WriteExport:
    """The job that writes the file."""

    export: Export
    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        write_atomic(self.path, self.export.data)
        return self.path


def ask_and_write(parent: QWidget, export: Export, runner: JobRunner, notifier: Notifier) -> QFileDialog:
    """Open a file dialog for `export`; what is chosen is written in the background and told of."""
    kinds = f"{export.kind} (*.{export.suffix})"
    dialog = QFileDialog(parent, f"Save {export.kind.lower()}", str(Path.home() / export.name), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(export.suffix)
    dialog.fileSelected.connect(lambda path: write(export, Path(path), runner, notifier))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def write(export: Export, path: Path, runner: JobRunner, notifier: Notifier) -> JobHandle:
    """Write `export` to `path` in the background."""

    def ended(end: Event) -> None:
        if isinstance(end, Failed):
            notifier.error(end.error)
        elif isinstance(end, Finished):
            notifier.show("success", f"Saved {path.name} in {path.parent}.")

    handle = runner.start(WriteExport(export, path), title=f"Saving {path.name}", show=False)
    handle.ended.connect(ended)
    return handle
