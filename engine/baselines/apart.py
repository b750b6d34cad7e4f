"""Long calculations of other libraries, in a process of their own that can be ended at any moment.

scikit-learn cannot be asked to stop: a support vector machine is one call of C that may take minutes, and pieces of it
would give other numbers. Neither window nor command has anything else in that process, so it is ended and forgotten.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from engine.cancel import CancelToken
from engine.errors import JobFailed, VitrineError
from engine.job import explain

POLL = 0.05  # seconds that a wish to cancel may wait
TELL = 1.0  # seconds between two words of how long it takes


def apart(function: Callable[..., Any], *arguments: Any, token: CancelToken, tell: Callable[[float], None]) -> Any:
    """What `function` returns for `arguments`, all of which can be pickled, and none of which is a path.

    Args:
        tell: called about once a second, with the seconds that have passed.

    Raises:
        JobCancelled: once the token is set; the process is then gone.
        JobFailed: the process ended without an answer. VitrineError: what the function raised.
    """
    context: Any = multiprocessing.get_context("spawn")
    near, far = context.Pipe(duplex=False)
    with near, tempfile.TemporaryDirectory(prefix="vitrine-", ignore_cleanup_errors=True) as folder:
        light = [_laid_down(value, Path(folder) / f"{number}.npy") for number, value in enumerate(arguments)]
        # It ends with the program, too.
        process = context.Process(target=_answer, args=(far, function, light), name="vitrine-fit", daemon=True)
        process.start()
        far.close()
        try:
            found = _heard(near, token, tell)
        except EOFError:
            process.join()
            raise JobFailed(
                "The process that fitted the baseline ended before it was done, probably for lack of memory.",
                "Learn from fewer pictures, or close other programs.",
                details=f"exit code {process.exitcode}",
            ) from None
        finally:
            process.kill()
            process.join()
            process.close()
    if isinstance(found, VitrineError):
        raise found
    return found


def _heard(pipe: Connection, token: CancelToken, tell: Callable[[float], None]) -> Any:
    began = told = time.monotonic()
    while not pipe.poll(POLL):
        token.raise_if_cancelled()
        now = time.monotonic()
        if now - told >= TELL:
            told = now
            tell(now - began)
    return pipe.recv()


def _laid_down(value: Any, path: Path) -> Any:
    """An array as the file that it is written into: a pipe would make its sender wait until the process has begun."""
    if not isinstance(value, np.ndarray):
        return value
    np.save(path, value, allow_pickle=False)
    return path


def _answer(pipe: Connection, function: Callable[..., Any], arguments: list[Any]) -> None:
    """What the process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it decides what an interrupt means
    try:
        found = function(*(np.load(value) if isinstance(value, Path) else value for value in arguments))
    except Exception as error:  # noqa: BLE001 - the border between two processes: whatever it is, it is told there
        found = error if isinstance(error, VitrineError) else explain(error, traceback.format_exc())
    with contextlib.suppress(OSError):  # nobody waits any more
        pipe.send(found)
