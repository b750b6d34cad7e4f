"""Answers of jobs that come after whoever asked has gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject


def while_alive(owner: QObject, slot: Callable[[Any], None]) -> Callable[[Any], None]:
    """A slot that does nothing once Qt has destroyed `owner`; Qt disconnects only methods of its objects by itself."""

    def call(event: Any) -> None:
        if shiboken6.isValid(owner):
            slot(event)

    return call
