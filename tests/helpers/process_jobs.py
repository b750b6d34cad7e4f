"""Jobs that can be sent to a process of their own: it finds them by name, so they are importable functions."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from engine.cancel import CancelToken
from engine.errors import BadInput
from engine.events import Emit, Progress


def count(emit: Emit, token: CancelToken) -> int:
    """Ten steps of progress, then the answer."""
    for number in range(10):
        emit(Progress("Counting", number + 1, 10))
    return os.getpid()


def wait(emit: Emit, token: CancelToken) -> None:
    """Work that never ends by itself: says that it has begun, then steps until it is told to stop."""
    emit(Progress("Begun", 0, 0))
    while True:
        token.raise_if_cancelled()
        token.wait_while_paused()
        threading.Event().wait(0.005)


def tick(emit: Emit, token: CancelToken) -> None:
    """Emits one event per step while it is not paused."""
    number = 0
    while True:
        token.raise_if_cancelled()
        token.wait_while_paused()
        number += 1
        emit(Progress("Tick", number, 0))
        threading.Event().wait(0.005)


def refuse(emit: Emit, token: CancelToken) -> None:
    raise BadInput("The picture x.png has 0 pixels.", "Choose another.", node="conv1")


def fall_over(emit: Emit, token: CancelToken) -> float:
    return 1 / 0


def die(emit: Emit, token: CancelToken) -> None:
    """What the system does to a process that takes too much memory."""
    emit(Progress("Begun", 0, 0))
    os.kill(os.getpid(), signal.SIGKILL)


def unspeakable(emit: Emit, token: CancelToken) -> Any:
    """A result that cannot cross."""
    return threading.Lock()


class Deaf:
    """A calculation that looks at nothing, such as a compiler's."""

    leaves_nothing = True

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        emit(Progress("Begun", 0, 0))
        threading.Event().wait(60)
