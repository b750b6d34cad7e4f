"""What was wrong in a dataset's files, gathered while they are read."""

from __future__ import annotations

from engine.datasets.base import Fault

MOST = 5000
"""Faults that are kept word by word; of further ones only the number is."""


class Faults:
    """Gathers faults of files; a file can hold millions, so the list is bounded."""

    def __init__(self) -> None:
        self._found: list[Fault] = []
        self._more = 0
        self._seen: set[Fault] = set()

    def refuse(self, name: str, reason: str, line: int = 0, thing: str = "") -> None:
        """Something is left out: a `thing` of the file, such as "line", or the file as a whole."""
        self._add(Fault(name, reason, line, thing=thing))

    def repair(self, name: str, reason: str, line: int = 0) -> None:
        """Something is used, put right as `reason` says."""
        self._add(Fault(name, reason, line, repaired=True))

    def _add(self, fault: Fault) -> None:
        if len(self._found) >= MOST:
            self._more += 1
        elif fault not in self._seen:
            self._seen.add(fault)
            self._found.append(fault)

    def __len__(self) -> int:
        return len(self._found) + self._more

    def all(self) -> list[Fault]:
        """Every fault in the order found, and at the end how many there are beyond those kept."""
        if not self._more:
            return list(self._found)
        last = self._found[-1]
        return [
            *self._found,
            Fault(last.name, f"{self._more:,} more faults follow that are not listed.", last.line, thing=last.thing),
        ]

    def first(self) -> str:
        """The first of them as a sentence for an error message; "" if there is none."""
        return f"{self._found[0].place}: {self._found[0].reason}" if self._found else ""
