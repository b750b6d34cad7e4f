"""A lock on a file that the operating system lets go of when its process ends, however it ends. Never imports torch."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

from engine.errors import BadInput


class FileLock:
    """An exclusive lock between processes, and between windows of one process.

    Raises `BadInput` when the folder allows no lock file. The file stays behind; what counts is the lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._file: IO[bytes] | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def acquire(self) -> bool:
        """Take the lock without waiting; False when somebody else holds it."""
        if self._file is not None:
            return True
        try:
            # A link would have the lock file made wherever it points.
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            file = os.fdopen(os.open(self.path, flags, 0o666), "a+b")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise BadInput(
                f"{self.path} could not be opened: {error.strerror or error}.",
                "Check that you may write to this folder.",
            ) from None
        try:
            taken = _lock(file)
        except OSError as error:
            file.close()
            raise BadInput(
                f"{self.path.parent} is on a drive without file locks: {error.strerror or error}.",
                "Set VITRINE_HOME to a folder on this computer's own disk.",
            ) from None
        if not taken:
            file.close()
            return False
        self._file = file
        return True

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                _unlock(self._file)
            self._file.close()
            self._file = None


if os.name == "nt":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        except PermissionError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
