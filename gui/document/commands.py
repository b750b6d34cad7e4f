"""The only undo command there is: it holds the project before and after."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from engine.project.spec import ProjectSpec

MERGE_SECONDS = 2.0
ONE_STEP = "step:"
"""How the keys begin of edits that stay one step however long the second takes, such as one that waits for a job."""

Show = Callable[[ProjectSpec, ProjectSpec, str], None]


class EditCommand(QUndoCommand):
    """Swaps two frozen projects. Edits with the same `merge` key that follow closely become one step of undo."""

    def __init__(self, label: str, before: ProjectSpec, after: ProjectSpec, show: Show, merge: str | None) -> None:
        super().__init__(label)
        self.before = before
        self.after = after
        self.merge = merge
        self._show = show
        self._time = time.monotonic()

    def redo(self) -> None:
        self._show(self.before, self.after, self.text())

    def undo(self) -> None:
        self._show(self.after, self.before, self.text())

    def id(self) -> int:
        return 1 if self.merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditCommand) or other.merge != self.merge:
            return False
        if other._time - self._time > MERGE_SECONDS and not (self.merge or "").startswith(ONE_STEP):
            return False
        self.after = other.after
        self._time = other._time
        if self.after == self.before:
            self.setObsolete(True)
        return True
