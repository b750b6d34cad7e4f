"""Autosave, and finding it again after a crash. Never imports torch.

Every open window owns one slot: a folder below `data_dir()/recovery` with a lock that the operating system drops when
the process ends. A slot that nobody holds and that has an autosave in it was left by a crash. Taking over means
getting the lock first, so that several windows and processes cannot steal from each other.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadInput
from engine.paths import data_dir
from engine.project.atomic import write_atomic
from engine.project.lock import FileLock
from engine.project.plain import as_number, as_object, as_text, read_plain
from engine.project.spec import ProjectSpec
from engine.project.store import PROJECT_FILE, load_project, save_project

_NOTE = "autosave.json"
_LOCK = "window.lock"
_GONE_AFTER = 3600.0


@dataclass(frozen=True)
class Autosaved:
    """What a crash left behind.

    Attributes:
        folder: the recovery folder; it is itself a project folder.
        name: the project's name.
        origin: the folder that the project was opened from, or None when it was never saved.
        saved: time of the autosave, in seconds since 1970.
    """

    folder: Path
    name: str
    origin: Path | None
    saved: float


class RecoverySlot:
    """One window's autosave. Make it with `claim()` or `adopt()`; end with `discard()` or, to keep it, `release()`."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder = folder
        self._lock = lock

    def write(self, project: ProjectSpec, origin: Path | None) -> None:
        """Autosave `project`, opened from the folder `origin` (None: never saved). Raises as `save_project` does."""
        save_project(project, self.folder)
        note = {"name": project.name[:200], "origin": str(origin) if origin else "", "saved": time.time()}
        write_atomic(self.folder / _NOTE, json.dumps(note).encode("utf-8"))

    def clear(self) -> None:
        """Forget the autosave, after a clean save elsewhere; the slot stays this window's."""
        (self.folder / _NOTE).unlink(missing_ok=True)
        if (self.folder / PROJECT_FILE).exists():
            (self.folder / PROJECT_FILE).unlink()

    def discard(self) -> None:
        """Delete the slot with everything in it, after a clean save or when the user does not want it."""
        self.clear()
        # While the lock is still held, so that nobody adopts a folder that is being deleted.
        for entry in self.folder.iterdir():
            if entry.name != _LOCK:
                _delete(entry)
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Let go without deleting: what is autosaved will be offered at the next start."""
        self._lock.release()


def recovery_dir() -> Path:
    return data_dir() / "recovery"


def claim() -> RecoverySlot:
    """Make a new slot for a window. Raises `BadInput` when the data folder cannot be written."""
    while True:
        folder = recovery_dir() / uuid.uuid4().hex
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise BadInput(
                f"The recovery folder {folder} could not be made: {error.strerror or error}.",
                "Check that you may write there, or set VITRINE_HOME to another folder.",
            ) from None
        slot = _taken(folder)
        # Another process that is just looking for crashes may hold the new lock for a moment: take another folder.
        if slot is not None:
            return slot


def crashed() -> tuple[Autosaved, ...]:
    """What crashes left behind, newest first. Slots of windows that still run are not in it."""
    found = []
    for folder in _folders():
        slot = _taken(folder)
        if slot is None:
            continue
        note = _note(folder)
        if note is not None:
            found.append(note)
        elif _abandoned(folder):
            slot.discard()
        slot.release()
    return tuple(sorted(found, key=lambda item: item.saved, reverse=True))


def adopt(left: Autosaved) -> tuple[RecoverySlot, ProjectSpec]:
    """Take over what a crash left and open it.

    Raises `BadInput` when another window was faster, or when the autosave cannot be opened (it is then kept).
    """
    slot = _taken(left.folder)
    if slot is None or _note(left.folder) is None:
        if slot is not None:
            slot.release()
        raise BadInput(f"{left.name} has been recovered in another window.", "Go on in that window.")
    try:
        return slot, load_project(left.folder)
    except BadInput:
        slot.release()
        raise


def forget(left: Autosaved) -> None:
    """Delete what a crash left; does nothing when another window has taken it over."""
    slot = _taken(left.folder)
    if slot is not None:
        slot.discard()


def _folders() -> list[Path]:
    root = recovery_dir()
    return [path for path in root.iterdir() if path.is_dir() and not path.is_symlink()] if root.is_dir() else []


def _taken(folder: Path) -> RecoverySlot | None:
    lock = FileLock(folder / _LOCK)
    return RecoverySlot(folder, lock) if lock.acquire() else None


def _note(folder: Path) -> Autosaved | None:
    """The slot's note, or None when there is no autosave in it."""
    if not (folder / PROJECT_FILE).is_file() or not (folder / _NOTE).is_file():
        return None
    try:
        plain = as_object(read_plain(folder / _NOTE), "", ("name", "origin", "saved"), ("name", "origin", "saved"))
        origin = as_text(plain["origin"], "origin", 4096, empty=True)
        name = as_text(plain["name"], "name", empty=True)
        saved = as_number(plain["saved"], "saved", 1e12)
    except BadInput:
        # The note is only for display; the project beside it may well be whole.
        return Autosaved(folder, "Untitled", None, (folder / PROJECT_FILE).stat().st_mtime)
    return Autosaved(folder, name, Path(origin) if origin else None, saved)


def _abandoned(folder: Path) -> bool:
    """Whether an empty slot is old enough to be nobody's (a new one has no autosave for its first seconds)."""
    try:
        return time.time() - folder.stat().st_mtime > _GONE_AFTER and not any(
            entry.name not in (_LOCK, _NOTE) for entry in folder.iterdir()
        )
    except OSError:
        return False


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
