"""Registries: one place per kind of thing, filled by small files that register themselves."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from engine.errors import BadInput

T = TypeVar("T")


class Registry(Generic[T]):
    """Entries of one kind by stable id.

    Args:
        kind: the word used in messages, such as "layer".
        package: dotted name of the package whose modules register entries. It is imported, with every module in
            it, at the first look-up, so that adding an entry means adding a file.
    """

    def __init__(self, kind: str, package: str | None = None) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, T] = {}
        self._loaded = package is None
        self._lock = threading.RLock()

    def register(self, id: str) -> Callable[[T], T]:
        """Return a decorator that files its argument under `id`; a second entry under an id is a ValueError."""

        def file(entry: T) -> T:
            self.add(id, entry)
            return entry

        return file

    def add(self, id: str, entry: T) -> None:
        if id in self._entries:
            raise ValueError(f"{self.kind} {id!r} is registered twice: {self._entries[id]!r} and {entry!r}")
        self._entries[id] = entry

    def get(self, id: str) -> T:
        """Return the entry, or raise `BadInput` that lists the known ids and the closest one."""
        self._load()
        try:
            return self._entries[id]
        except (KeyError, TypeError):
            known = sorted(self._entries)
            close = difflib.get_close_matches(str(id), known, n=1)
            hint = f"Did you mean {close[0]}? " if close else ""
            raise BadInput(f"There is no {self.kind} called {id!r}.", f"{hint}Known: {', '.join(known)}.") from None

    def __contains__(self, id: object) -> bool:
        self._load()
        return id in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(list(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def items(self) -> list[tuple[str, T]]:
        self._load()
        return list(self._entries.items())

    def _load(self) -> None:
        if self._loaded:
            return
        with self._lock:
            if self._loaded or self._package is None:
                return
            package = importlib.import_module(self._package)
            for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
                importlib.import_module(f"{self._package}.{module}")
            self._loaded = True
