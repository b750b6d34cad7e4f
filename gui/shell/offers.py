"""What the command palette offers: every action, the page's own, the famous networks, and the recent projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

from gui.context import Context, Page
from gui.shell.palette import Command

if TYPE_CHECKING:
    from engine.gallery.base import GalleryEntry

GROUPS = {"file": "File", "edit": "Edit", "view": "View", "go": "Page", "train": "Train", "help": "Help"}
_OWN = ("view.palette", "help.commands")  # the palette itself


def commands(
    context: Context,
    page: Page | None,
    gallery: tuple[GalleryEntry, ...],
    open_network: Callable[[str], object],
) -> Iterator[Command]:
    """Everything that can be found now."""
    for action in context.actions:
        id = action.objectName()
        if id not in _OWN:
            yield _of(action, GROUPS.get(id.partition(".")[0], ""))
    if page is not None:
        for action in page.page_actions():
            if not action.isSeparator():
                yield _of(action, page.title)
    for entry in gallery:
        yield Command(
            f"New project with {entry.name}",
            "Network",
            lambda id=entry.id: open_network(id),  # type: ignore[misc]
            icon="network",
            keywords=f"{entry.id} {entry.authors} {entry.year} {entry.idea} gallery",
        )
    for path in context.settings.values.recent:
        yield Command(
            f"Open {Path(path).name}",
            "Recent",
            lambda path=path: context.document.open(Path(path)),  # type: ignore[misc]
            icon="clock",
            keywords=path,
        )


def _of(action: QAction, group: str) -> Command:
    text = action.text().replace("&", "")
    return Command(
        text,
        group,
        action.trigger,
        icon=_icon(action),
        keys=action.shortcut().toString(QKeySequence.SequenceFormat.NativeText),
        keywords=f"{action.property('keywords') or ''} {action.toolTip()}",
        blocked="" if action.isEnabled() else str(action.property("blocked") or "not possible now"),
    )


def _icon(action: QAction) -> str:
    return str(action.property("icon_name") or "command")
