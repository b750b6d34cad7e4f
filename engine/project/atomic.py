"""Writing a file so that a power cut leaves either the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import uuid
from pathlib import Path

from engine.errors import BadInput, JobFailed

# Windows: another program (a virus scanner, an indexer) holds the file for a moment.
_BUSY_ON_WINDOWS = (5, 32, 33)
_TRIES = 20
_PAUSE = 0.05


def write_atomic(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`: temporary file in the same folder, flush, fsync, replace.

    A symbolic link at `path` is replaced, not followed. Raises `JobFailed` (disk full) or `BadInput` (no such
    folder, not allowed) with the path in the sentence; the old file is then untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _copy_permissions(path, temporary)
        _replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def move_into_place(temporary: Path, path: Path) -> None:
    """Let `temporary`, a file already written in the same folder, become `path`, as `write_atomic` does with bytes."""
    try:
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        _replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise _explained(error, path) from error


def _copy_permissions(path: Path, temporary: Path) -> None:
    """Keep the permissions of the file that is replaced."""
    with contextlib.suppress(OSError):
        if not path.is_symlink():
            temporary.chmod(path.stat().st_mode & 0o777)


def _replace(temporary: Path, path: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            os.replace(temporary, path)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _BUSY_ON_WINDOWS or not left:
                raise
            threading.Event().wait(_PAUSE)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable; Windows and some network drives cannot, and need not."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _explained(error: OSError, path: Path) -> BadInput | JobFailed:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return JobFailed(
            f"The disk is full, so {path} could not be written.",
            "Free some space and save again; the old file is untouched.",
            details=str(error),
        )
    return BadInput(
        f"{path} could not be written: {error.strerror or error}.",
        "Choose a folder that exists and that you may write to.",
        details=str(error),
    )
