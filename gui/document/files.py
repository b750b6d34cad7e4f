"""The jobs that read and write projects. They hold frozen values only and run outside the interface thread."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit
from engine.paths import data_dir
from engine.project import recovery, store
from engine.project.lock import FileLock
from engine.project.recovery import Autosaved, RecoverySlot
from engine.project.spec import ProjectSpec

# What belongs to the recovery folder and not to the project in it.
_NOT_COPIED = shutil.ignore_patterns("window.lock", "autosave.json", ".*", "*.tmp")


@dataclass(frozen=True)
class Opened:
    """What comes out of opening: the project, the user's folder if there is one, and this window's recovery slot."""

    project: ProjectSpec
    place: Path | None
    slot: RecoverySlot
    unsaved: bool = False


def first_slot() -> RecoverySlot:
    """A slot for the empty project that a window starts with. Falls back to a folder that the system will empty."""
    try:
        return recovery.claim()
    except BadInput:
        # The program is usable without a writable home; the same sentence comes back when something is to be kept.
        folder = Path(tempfile.mkdtemp(prefix="vitrine-"))
        return RecoverySlot(folder, FileLock(folder / "window.lock"))


@dataclass(frozen=True)
class Leave:
    """Go away from a project: unsaved work and the runs of an unsaved project are kept, anything else is cleared."""

    slot: RecoverySlot
    project: ProjectSpec
    place: Path | None
    dirty: bool

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        if self.dirty or (self.place is None and (self.slot.folder / "runs").is_dir()):
            self.slot.write(self.project, self.place)
            self.slot.release()
        else:
            self.slot.discard()


@dataclass(frozen=True)
class New:
    """A new project in a recovery folder of its own."""

    leave: Leave
    project: ProjectSpec

    def __call__(self, emit: Emit, token: CancelToken) -> Opened:
        slot = recovery.claim()
        self.leave(emit, token)
        return Opened(self.project, None, slot)


@dataclass(frozen=True)
class Open:
    """A project folder or file, or a network file as a new project. Nothing is left before the new one is whole."""

    leave: Leave
    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Opened:
        path = self.path.expanduser().absolute()
        if path.is_dir() and not store.is_project(path):
            raise BadInput(
                f"{path} is a folder without a project.json.", "Choose a project folder, or add its pictures as data."
            )
        if store.is_project(path):
            project = store.load_project(path)
            place = path if path.is_dir() else path.parent
            return self._opened(emit, token, project, place)
        network = store.load_network(path)
        return self._opened(emit, token, ProjectSpec(name=network.name, network=network), None)

    def _opened(self, emit: Emit, token: CancelToken, project: ProjectSpec, place: Path | None) -> Opened:
        slot = recovery.claim()
        self.leave(emit, token)
        return Opened(project, place, slot, unsaved=place is None)


@dataclass(frozen=True)
class OpenCopy:
    """A sample, copied to where the user may change it."""

    leave: Leave
    source: Path
    target: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Opened:
        target = free_folder(self.target)
        copy_project(self.source, target)
        return Open(self.leave, target)(emit, token)


@dataclass(frozen=True)
class Recover:
    """What a crash, or closing without saving, left behind."""

    leave: Leave
    left: Autosaved

    def __call__(self, emit: Emit, token: CancelToken) -> Opened:
        slot, project = recovery.adopt(self.left)
        self.leave(emit, token)
        place = self.left.origin
        return Opened(project, place if place is not None and place.is_dir() else None, slot, unsaved=True)


@dataclass(frozen=True)
class Save:
    """Write into `folder`; what lies beside the project (runs, pictures) comes along when the folder is another one."""

    slot: RecoverySlot
    project: ProjectSpec
    source: Path
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Path:
        folder = self.folder.expanduser().absolute()
        if folder != self.source and self.source.is_dir():
            if self.source in folder.parents:
                raise BadInput(f"{folder} lies inside the project's own folder.", "Choose a folder elsewhere.")
            copy_project(self.source, folder)
        written = store.save_project(self.project, folder)
        self.slot.clear()
        return written


@dataclass(frozen=True)
class Autosave:
    slot: RecoverySlot
    project: ProjectSpec
    place: Path | None

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        self.slot.write(self.project, self.place)


def copy_project(source: Path, target: Path) -> None:
    """Copy everything of a project but locks and autosaves. Raises `OSError`."""
    shutil.copytree(source, target, ignore=_NOT_COPIED, dirs_exist_ok=True)


def free_folder(wanted: Path) -> Path:
    """`wanted`, or the first of "wanted 2", "wanted 3", ... that does not exist."""
    number = 1
    folder = wanted
    while folder.exists():
        number += 1
        folder = wanted.with_name(f"{wanted.name} {number}")
    return folder


def leftovers(emit: Emit, token: CancelToken) -> tuple[Autosaved, ...]:
    """The job that looks for work that was never saved."""
    return recovery.crashed() if data_dir().is_dir() else ()
