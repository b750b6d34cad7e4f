"""The user's own blocks in the window: read and written by jobs, kept here for the palette."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.cancel import CancelToken
from engine.events import Emit, Event, Failed, Finished
from engine.graph.spec import NodeSpec
from engine.project import block_library as library
from engine.project.block_library import SavedBlock
from gui.context import Context


@dataclass(frozen=True)
class _Do:
    """Job: something with the library, and what it holds afterwards."""

    work: Callable[[], object] | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> tuple[object, object]:
        made = self.work() if self.work is not None else None
        return made, library.list_blocks()


class MyBlocks(QObject):
    """Signals: changed(): `blocks` are others now."""

    changed = Signal()

    def __init__(self, context: Context, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._asked = False
        self._named: set[str] = set()
        self.blocks: tuple[SavedBlock, ...] = ()

    def load(self) -> None:
        """Read the library, once."""
        if not self._asked:
            self._asked = True
            self._run(None, "Reading your blocks", lambda made: None)

    def save(self, name: str, node: NodeSpec) -> None:
        """Put a block into the library."""
        self._run(partial(library.save_block, name, node), f"Saving {name}", self._saved)

    def rename(self, block: SavedBlock, name: str) -> None:
        self._run(partial(library.rename_block, block, name), f"Renaming {block.name}", lambda made: None)

    def delete(self, block: SavedBlock) -> None:
        """Take a block out of the library; the message that says so offers to bring it back."""
        self._run(partial(library.delete_block, block), f"Deleting {block.name}", partial(self._deleted, block))

    def restore(self, aside: Path) -> None:
        self._run(partial(library.restore_block, aside), "Restoring the block", lambda made: None)

    def _saved(self, made: object) -> None:
        if isinstance(made, SavedBlock):
            self._context.notifier.show(
                "success", f"{made.name} is among your blocks.", "Drag it from the palette into any network."
            )

    def _deleted(self, block: SavedBlock, made: object) -> None:
        if isinstance(made, Path):
            undo = ("Restore it", lambda: self.restore(made))
            self._context.notifier.show("info", f"{block.name} is deleted from your blocks.", action=undo)

    def _run(self, work: Callable[[], object] | None, title: str, done: Callable[[object], None]) -> None:
        def ended(end: Event) -> None:
            if isinstance(end, Failed):
                self._context.notifier.error(end.error)
            elif isinstance(end, Finished):
                made, (blocks, broken) = end.result
                self.blocks = blocks
                for error in broken:
                    if error.what not in self._named:
                        self._named.add(error.what)
                        self._context.notifier.error(error)
                self.changed.emit()
                done(made)

        self._context.runner.start(_Do(work), title=title, show=False).ended.connect(ended)
