"""A job is a function of (emit, cancel token). Run through here it ends in exactly one terminal event."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

from engine.cancel import CancelToken
from engine.device import ran_out, release_memory
from engine.errors import JobCancelled, JobFailed, OutOfMemory, VitrineError
from engine.events import Cancelled, Emit, Failed, Finished, Terminal

log = logging.getLogger(__name__)

Job = Callable[[Emit, CancelToken], Any]


def run_job(job: Job, emit: Emit, token: CancelToken) -> Terminal:
    """Run `job` here and emit exactly one of Finished, Cancelled, Failed, which is also returned."""
    end = _outcome(job, emit, token)
    # Only here, after the failed job's frames and their tensors are gone, is there anything to give back.
    if isinstance(end, Failed) and isinstance(end.error, OutOfMemory):
        release_memory()
    emit(end)
    return end


def _outcome(job: Job, emit: Emit, token: CancelToken) -> Terminal:
    try:
        return Finished(job(emit, token))
    except JobCancelled:
        return Cancelled()
    except VitrineError as error:
        log.warning("job failed: %s\n%s", error, error.details)
        return Failed(error)
    except Exception as error:  # noqa: BLE001 - the border between the engine and its callers
        details = traceback.format_exc()
        log.error("job failed unexpectedly\n%s", details)
        return Failed(explain(error, details))


def explain(error: Exception, details: str = "") -> VitrineError:
    """Put an unexpected exception into two sentences; out of memory and a full disk get their own."""
    text = str(error)
    node = getattr(error, "node", None)
    lowered = text.lower()
    if ran_out(error):
        return OutOfMemory(
            "The device ran out of memory.",
            "Choose a smaller batch size or a smaller picture size, or close other programs that use it.",
            details=details,
            node=node,
        )
    if "expected more than 1 value per channel" in lowered:
        return JobFailed(
            "Batch normalisation cannot learn from a single picture at a time.",
            "Choose a batch size of 2 or more.",
            details=details,
            node=node,
        )
    if isinstance(error, OSError) and error.errno == 28:
        return JobFailed(
            f"The disk is full, so {error.filename or 'a file'} could not be written.",
            "Free some space and start again; everything saved before is still there.",
            details=details,
        )
    if isinstance(error, OSError):
        return JobFailed(
            f"{error.filename or 'A file'} could not be used: {error.strerror or text}.",
            "Check that it exists and that you may read and write it.",
            details=details,
        )
    return JobFailed(
        f"Something went wrong that Vitrine did not foresee: {text or type(error).__name__}.",
        "Your work is kept; the details are in the log.",
        details=details,
        node=node,
    )
