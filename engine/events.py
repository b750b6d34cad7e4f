"""Events: frozen values that a job emits. They cross threads and processes, so they hold plain data only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import VitrineError


@dataclass(frozen=True)
class Event:
    """Base of everything that a job emits."""


Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` units of work; `total` is 0 when it is not known yet."""

    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Notice(Event):
    """Something a person should hear about while the job goes on."""

    severity: Literal["info", "warning"]
    what: str
    advice: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Terminal(Event):
    """Base of the one event that ends a job."""


@dataclass(frozen=True)
class Finished(Terminal):
    result: Any = None


@dataclass(frozen=True)
class Cancelled(Terminal):
    pass


@dataclass(frozen=True)
class Failed(Terminal):
    error: VitrineError
