"""A run's folder while a training writes there: locked, noted how it ended, and taken away when nothing came of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event as ThreadEvent

from engine.errors import BadInput, JobCancelled, VitrineError
from engine.job import explain
from engine.project.store import inside
from engine.training.checkpoint import FOLDER as CHECKPOINTS
from engine.training.run_folder import CONFIG_FILE, METRICS_FILE, REPORT, Summary, run_lock, write_summary

log = logging.getLogger(__name__)

# A run list that looks whether the run is in use holds the lock for an instant.
LOCK_TRIES = 20
LOCK_PAUSE = 0.05


@contextlib.contextmanager
def claimed(run_dir: Path) -> Iterator[None]:
    """Hold the run's lock, so that two trainings never write into one folder."""
    for name in (CHECKPOINTS, REPORT, METRICS_FILE):
        inside(run_dir, name)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / CHECKPOINTS).mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The run folder {run_dir} cannot be made: {error.strerror or error}.", "Choose a place you may write to."
        ) from None
    lock = run_lock(run_dir)
    for _ in range(LOCK_TRIES):
        if lock.acquire():
            break
        ThreadEvent().wait(LOCK_PAUSE)
    else:
        raise BadInput(f"The run {run_dir.name} is already in training.", "Stop it first, or start a new run.")
    try:
        yield
    finally:
        lock.release()
        if not (run_dir / CONFIG_FILE).exists():
            _remove_empty(run_dir)


def _remove_empty(run_dir: Path) -> None:
    """Take away a run that failed before anything was trained; nothing but what this module makes is removed."""
    with contextlib.suppress(OSError):
        (run_dir / CHECKPOINTS).rmdir()
        run_lock(run_dir).path.unlink(missing_ok=True)
        run_dir.rmdir()


@contextlib.contextmanager
def noted(run_dir: Path) -> Iterator[None]:
    """Leave in the run's summary how it ended when it did not finish."""
    try:
        yield
    except JobCancelled:
        _note(run_dir, Summary("stopped", "It was stopped."))
        raise
    except Exception as error:
        _note(run_dir, Summary("failed", str(error if isinstance(error, VitrineError) else explain(error))))
        raise


def _note(run_dir: Path, summary: Summary) -> None:
    if not (run_dir / CONFIG_FILE).exists():
        return
    try:
        write_summary(run_dir, summary)
    except (VitrineError, OSError) as error:
        log.warning("the end of the run could not be noted: %s", error)
