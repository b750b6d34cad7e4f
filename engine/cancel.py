"""Cancelling and pausing: the owner of a job holds the source, the job may only look at the token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from engine.errors import JobCancelled


class Flag(Protocol):
    """What `threading.Event` and `multiprocessing.Event` have in common."""

    def is_set(self) -> bool: ...

    def set(self) -> None: ...

    def clear(self) -> None: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class CancelToken:
    """The job's read-only view of its owner's wishes; cheap enough to ask once per step."""

    def __init__(self, cancelled: Flag, running: Flag) -> None:
        self._cancelled = cancelled
        self._running = running

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def paused(self) -> bool:
        return not self._running.is_set() and not self.cancelled

    def raise_if_cancelled(self) -> None:
        """Raise `JobCancelled` once the owner has asked the job to stop."""
        if self._cancelled.is_set():
            raise JobCancelled

    def wait_while_paused(self) -> None:
        """Block while paused; return at once when running or cancelled."""
        while self.paused:
            self._running.wait(0.1)


class CancelSource:
    """The owner's side. `flag` makes the events: `threading.Event`, or a process context's `Event`."""

    def __init__(self, flag: Callable[[], Flag] = threading.Event) -> None:
        self._cancelled = flag()
        self._running = flag()
        self._running.set()
        self.token = CancelToken(self._cancelled, self._running)

    def cancel(self) -> None:
        self._cancelled.set()
        self._running.set()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()
