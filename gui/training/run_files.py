"""Renaming runs and moving them to the trash and back, as jobs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QFile

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit
from engine.training.run_folder import in_use

LONGEST = 80
TRASH = ".trash"
_FORBIDDEN = set('<>:"/\\|?*')


@dataclass(frozen=True)
class RenameRun:
    """Gives a run's folder another name; returns the new folder. Raises `BadInput` where that is impossible."""

    folder: Path
    name: str

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        name = self.name.strip()
        bad = sorted(set(name) & _FORBIDDEN)
        if not name or name.startswith(".") or bad or len(name) > LONGEST or not name.isprintable():
            reason = f"it contains {' '.join(bad)}" if bad else "it is empty, too long or starts with a dot"
            raise BadInput(
                f"A run cannot be called “{name[:LONGEST]}”: {reason}.", "Choose letters, digits and spaces."
            )
        target = self.folder.with_name(name)
        if target.exists():
            raise BadInput(f"There is a run called {name} already.", "Choose another name.")
        _free(self.folder)
        self.folder.rename(target)
        return target


@dataclass(frozen=True)
class TrashRun:
    """Moves a run to the system's trash; returns where it lies now.

    Sticks, network drives and bare systems have none: there the run goes to the folder `.trash` beside it.
    """

    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        _free(self.folder)
        file = QFile(str(self.folder))
        if file.moveToTrash():
            return Path(file.fileName())
        own = self.folder.parent / TRASH
        own.mkdir(exist_ok=True)
        target = own / self.folder.name
        number = 1
        while target.exists():
            number += 1
            target = own / f"{self.folder.name} {number}"
        return self.folder.rename(target)


@dataclass(frozen=True)
class RestoreRun:
    """Takes a run back out of the trash."""

    trashed: Path
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        if self.folder.exists() or not self.trashed.exists():
            raise BadInput(
                f"{self.folder.name} could not be taken back from the trash.", f"Look for it in {self.trashed.parent}."
            )
        shutil.move(self.trashed, self.folder)
        return self.folder


def _free(folder: Path) -> None:
    if in_use(folder):
        raise BadInput(f"{folder.name} is being trained.", "Stop its training first.")
