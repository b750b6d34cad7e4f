"""Reading a source in the background: the newest picture wins, and a source that hangs is given up and reopened.

The threads are started by the caller (`start_thread`), so that each program has one place that starts them. Never
imports torch or cv2.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.errors import JobFailed, VitrineError
from engine.inference.fingerprint import StillWatch
from engine.inference.frame import Frame
from engine.inference.source import Source
from engine.job import explain

log = logging.getLogger(__name__)

StartThread = Callable[[Callable[[], None], str], threading.Thread]

CAPTURE_THREAD = "capture"

_PAUSES = (0.5, 1.0, 2.0, 5.0)
_MOST_STUCK = 3


@dataclass(frozen=True)
class CaptureState:
    """How reading goes: "opening", "running", "lost" (worked before, is tried again), "failed" (never worked),
    "ended" (no more pictures) or "stopped". `error` tells the person why it is lost or failed."""

    status: Literal["opening", "running", "lost", "failed", "ended", "stopped"]
    error: VitrineError | None = None
    retries: bool = False  # whether it is tried again without being asked


@dataclass(eq=False)
class _Attempt:
    """One source object in one thread; abandoned when it hangs, whatever its thread does afterwards."""

    source: Source | None = None  # made in the thread too, since that may read files
    busy_since: float | None = None
    opened: bool = False
    abandoned: bool = False
    thread: threading.Thread | None = None
    watch: StillWatch = field(default_factory=StillWatch)


class Capture:
    """Owns the reading of one source over any number of attempts.

    Args:
        make: makes a fresh, unopened source for each attempt, in the attempt's own thread.
        start_thread: (function, name) to a started daemon thread; only such a thread can be left behind when it hangs.
        still_after: seconds after which a live source that repeats one picture is reopened.

    `newest` also supervises: whoever waits for pictures notices that none comes. No further thread is needed.
    """

    def __init__(self, make: Callable[[], Source], start_thread: StartThread, *, still_after: float = 3.0) -> None:
        self._make = make
        self._start_thread = start_thread
        self._still_after = still_after
        self._changed = threading.Condition()
        self._attempt: _Attempt | None = None
        self._stuck: list[_Attempt] = []
        self._frame: Frame | None = None
        self._taken = True
        self._state = CaptureState("stopped")
        self._worked = False
        self._failures = 0
        self._retry_at: float | None = None
        self._still_fingerprint: int | None = None

    @property
    def state(self) -> CaptureState:
        return self._state

    def start(self) -> None:
        """Begin, or begin again at once when it was lost or has failed or ended."""
        with self._changed:
            if self._attempt is not None and not self._attempt.abandoned:
                return
            self._retry_at = None
            self._begin()

    def stop(self, timeout: float = 1.0) -> bool:
        """End reading; return False when the source's thread hung and was left behind."""
        with self._changed:
            attempt = self._attempt
            self._attempt = None
            self._retry_at = None
            self._frame = None
            self._state = CaptureState("stopped")
            if attempt is not None:
                self._abandon(attempt)
            self._changed.notify_all()
        if attempt is None or attempt.thread is None:
            return True
        attempt.thread.join(timeout)
        return not attempt.thread.is_alive()

    def newest(self, timeout: float) -> Frame | None:
        """Wait up to `timeout` seconds for a picture that was not handed out yet; None when there is none."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                self._supervise()
                if self._frame is not None and not self._taken:
                    self._taken = True
                    self._changed.notify_all()
                    return self._frame
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(min(left, 0.1))

    # Everything below runs with the lock held, except `_run`.

    def _begin(self) -> None:
        self._stuck = [old for old in self._stuck if old.thread is not None and old.thread.is_alive()]
        if len(self._stuck) >= _MOST_STUCK:
            self._retry_at = time.monotonic() + _PAUSES[-1]
            return
        attempt = _Attempt(busy_since=time.monotonic())
        self._attempt = attempt
        if self._state.status not in ("lost", "failed"):
            self._state = CaptureState("opening")
        attempt.thread = self._start_thread(lambda: self._run(attempt), CAPTURE_THREAD)

    def _supervise(self) -> None:
        now = time.monotonic()
        attempt = self._attempt
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            self._begin()
        elif attempt is not None and attempt.source is not None and attempt.busy_since is not None:
            source = attempt.source
            patience = source.patience if attempt.opened else source.open_patience
            waited = now - attempt.busy_since
            if patience is not None and waited > patience:
                self._stuck.append(attempt)
                self._fail(attempt, _silent(source, waited))

    def _fail(self, attempt: _Attempt, error: VitrineError) -> None:
        """End this attempt with an error and plan the next one where that makes sense."""
        if attempt.abandoned:
            return
        self._abandon(attempt)
        self._attempt = None
        again = attempt.source is not None and attempt.source.live
        self._state = CaptureState("lost" if self._worked else "failed", error, again)
        if again:
            self._retry_at = time.monotonic() + _PAUSES[min(self._failures, len(_PAUSES) - 1)]
            self._failures += 1
        self._changed.notify_all()

    @staticmethod
    def _abandon(attempt: _Attempt) -> None:
        attempt.abandoned = True
        if attempt.source is not None:
            attempt.source.interrupt()

    def _run(self, attempt: _Attempt) -> None:
        """The capture thread."""
        source: Source | None = None
        try:
            source = self._make()
            attempt.busy_since = time.monotonic()
            attempt.source = source
            source.open()
            attempt.opened = True
            while not attempt.abandoned:
                attempt.busy_since = time.monotonic()
                frame = source.read()
                attempt.busy_since = None
                with self._changed:
                    if attempt.abandoned:
                        return
                    if frame is None:
                        self._attempt = None
                        self._state = CaptureState("ended")
                        self._changed.notify_all()
                        return
                    self._deliver(attempt, source, frame)
        except VitrineError as error:
            with self._changed:
                self._fail(attempt, error)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises becomes a sentence
            details = traceback.format_exc()
            log.error("reading %s failed\n%s", source.name if source else "a source", details)
            with self._changed:
                self._fail(attempt, explain(error, details))
        finally:
            attempt.busy_since = None
            if source is not None:
                source.close()

    def _deliver(self, attempt: _Attempt, source: Source, frame: Frame) -> None:
        if source.live and self._repeats(attempt, source.name, frame):
            return
        self._frame = frame
        self._taken = False
        if self._state.status != "running":
            self._state = CaptureState("running")
        self._worked = True
        self._failures = 0
        self._changed.notify_all()
        while not source.paced and not self._taken and not attempt.abandoned:
            self._changed.wait(0.5)

    def _repeats(self, attempt: _Attempt, name: str, frame: Frame) -> bool:
        """Whether the source was just given up because it repeats one picture."""
        still = attempt.watch.seconds_still(frame)
        fingerprint = attempt.watch.fingerprint
        if still < self._still_after or fingerprint == self._still_fingerprint:
            return False
        # Reopened once for this picture. If it comes back it is a still picture, such as a virtual camera shows.
        self._still_fingerprint = fingerprint
        self._fail(
            attempt,
            JobFailed(
                f"{name} repeats the same picture since {still:.0f} s.",
                "It is being opened again; if that does not help, unplug it and plug it in.",
            ),
        )
        return True


def _silent(source: Source, seconds: float) -> JobFailed:
    again = "It is being opened again in the background" if source.live else "Choose it again to retry"
    return JobFailed(
        f"{source.name} gave no picture for {seconds:.0f} s.",
        f"{again}; check its cable and whether another program uses it."
        if source.live
        else f"{again}, or choose another source.",
    )
