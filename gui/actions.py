"""Every command of the window in one place: menus, toolbar, shortcuts and the command palette are made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from gui import theme

Keys = QKeySequence.StandardKey | str


class Actions(QObject):
    """QActions by stable id, such as "file.open"."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[str, QAction] = {}

    def add(
        self,
        id: str,
        text: str,
        slot: Callable[[], object],
        *,
        shortcut: Keys | list[Keys] | None = None,
        icon: str | None = None,
        tip: str = "",
        keywords: str = "",
    ) -> QAction:
        """File an action. `tip` says what it does; `keywords` are further words that the palette finds it by."""
        if id in self._known:
            raise ValueError(f"action {id!r} is registered twice")
        made = make_action(self, text, slot, shortcut=shortcut, icon=icon, tip=tip, keywords=keywords)
        made.setObjectName(id)
        self._known[id] = made
        return made

    def __getitem__(self, id: str) -> QAction:
        return self._known[id]

    def __contains__(self, id: str) -> bool:
        return id in self._known

    def __iter__(self) -> Iterator[QAction]:
        return iter(list(self._known.values()))


def make_action(
    parent: QObject,
    text: str,
    slot: Callable[[], object],
    *,
    shortcut: Keys | list[Keys] | None = None,
    icon: str | None = None,
    tip: str = "",
    keywords: str = "",
    scope: Qt.ShortcutContext = Qt.ShortcutContext.WindowShortcut,
) -> QAction:
    """A QAction whose tooltip says what it does and its shortcut. Pages make theirs with this too."""
    action = QAction(text, parent)
    if shortcut is not None:
        keys = shortcut if isinstance(shortcut, list) else [shortcut]
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(scope)
    if icon:
        action.setIcon(theme.icon(icon))
        action.setProperty("icon_name", icon)
    action.setToolTip(with_shortcut(tip or text.replace("&", ""), action))
    action.setStatusTip("")
    action.setProperty("keywords", keywords)
    action.triggered.connect(lambda checked=False: slot())
    return action


def with_shortcut(text: str, action: QAction) -> str:
    """`text` followed by the action's first shortcut in brackets, as the platform writes it."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return f"{text.rstrip('….')} ({keys})" if keys else text
