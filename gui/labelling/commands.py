"""A step of labelling in the history of the project: it holds the labels before and after."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from engine.labelling.spec import LabelSet
from gui.document.commands import MERGE_SECONDS

Show = Callable[[LabelSet, str], None]
_ID = 2  # the project's own steps are 1, and only steps of one kind come together


class LabelCommand(QUndoCommand):
    """Swaps two frozen sets of labels and shows the picture, `file`, that it is about.

    Steps with the same `merge` key that follow closely become one.
    """

    def __init__(self, label: str, before: LabelSet, after: LabelSet, show: Show, file: str, merge: str | None) -> None:
        super().__init__(label)
        self.before = before
        self.after = after
        self.merge = merge
        self._show = show
        self._file = file
        self._time = time.monotonic()

    def redo(self) -> None:
        self._show(self.after, self._file)

    def undo(self) -> None:
        self._show(self.before, self._file)

    def id(self) -> int:
        return _ID if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, LabelCommand) or other.merge != self.merge:
            return False
        if other._time - self._time > MERGE_SECONDS or other.before is not self.after:
            return False
        self.after = other.after
        self._time = other._time
        return True
