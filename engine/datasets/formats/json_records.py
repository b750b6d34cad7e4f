"""The records of large JSON files one after the other, each with its line, past those that are damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
# Only records follow a comma; an object within a record follows the colon of its name.
_NEXT_RECORD = r",\s*(?=\{)"


@dataclass(frozen=True, slots=True)
class Record:
    """One element of an array at the top level, or a piece of text that is none.

    Attributes:
        section: the array's name.
        place: its place in the array, from 0.
        line: where it begins, or where the text goes wrong, from 1.
        problem: a sentence, if this could not be read; `value` is None then.
        note: a sentence, if it could be read although something is wrong.
    """

    section: str
    place: int
    line: int
    value: Any = None
    problem: str = ""
    note: str = ""


class RecordReader:
    """Reads the arrays called `sections` of the object that `text` holds, and skips everything else in it.

    After a damaged record it goes on with the next one, and after a damaged array with the next known array.
    """

    def __init__(self, text: str, sections: Sequence[str]) -> None:
        self._text = text
        self._sections = tuple(sections)
        self._decoder = json.JSONDecoder()
        self._line = 1
        self._counted = 0  # up to where newlines have been counted
        self.found: set[str] = set()
        names = "|".join(re.escape(name) for name in sections)
        self._resume = re.compile(rf'{_NEXT_RECORD}|(?="(?:{names})"\s*:\s*\[)')

    def __iter__(self) -> Iterator[Record]:
        place = self._skip(0)
        if not self._text.startswith("{", place):
            yield Record("", 0, self._line_at(place), problem="The file does not begin with a JSON object.")
            return
        place = self._skip(place + 1)
        while place < len(self._text) and self._text[place] != "}":
            try:
                key, after = self._value(place)
                after = self._skip(after)
                if not isinstance(key, str) or not self._text.startswith(":", after):
                    raise ValueError("A name and a colon are missing")
                after = self._skip(after + 1)
                if key not in self._sections or not self._text.startswith("[", after):
                    _, after = self._value(after)
                elif key in self.found:
                    raise ValueError(f"The file has a second array called {key}")
            except ValueError as error:
                yield Record("", 0, self._line_at(_where(error, place)), problem=f"{_why(error)}.")
                place = self._restart(place + 1)
                if place == len(self._text):
                    return
                continue
            if key in self._sections and self._text.startswith("[", after):
                self.found.add(key)
                after = yield from self._elements(key, after + 1)
            place = self._skip(after)
            if self._text.startswith(",", place):
                place = self._skip(place + 1)
        if place >= len(self._text):
            yield Record("", 0, self._line_at(len(self._text)), problem="The file ends too early; it was cut off.")

    def _elements(self, section: str, place: int) -> Generator[Record, None, int]:
        """Yields the records of one array and returns the place behind it."""
        number = 0
        place = self._skip(place)
        while place < len(self._text) and self._text[place] != "]":
            line = self._line_at(place)
            after = place
            try:
                value, after = self._value(place)
                after = self._skip(after)
                note = "A comma is missing behind this record." if self._text.startswith("{", after) else ""
                if after < len(self._text) and self._text[after] not in ",]" and not note:
                    raise json.JSONDecodeError("A comma is missing", self._text, after)
            except ValueError as error:
                wrong = _where(error, place)
                yield Record(section, number, self._line_at(wrong), problem=f"{_why(error)}.")
                found = self._resume.search(self._text, max(place + 1, after))
                if found is None:
                    return len(self._text)
                if self._text.startswith('"', found.end()):
                    return found.end()
                place = found.end()
            else:
                yield Record(section, number, line, value, note=note)
                place = self._skip(after + 1) if self._text.startswith(",", after) else after
            number += 1
        return place + 1

    def _restart(self, place: int) -> int:
        """Where the next known array is named."""
        names = "|".join(re.escape(name) for name in self._sections if name not in self.found)
        found = re.compile(rf'"(?:{names})"\s*:\s*\[').search(self._text, place) if names else None
        return found.start() if found else len(self._text)

    def _value(self, place: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self._text, place)
        except RecursionError:
            raise json.JSONDecodeError("Lists are nested too deeply", self._text, place) from None

    def _skip(self, place: int) -> int:
        found = _SPACE.match(self._text, place)
        return found.end() if found else place

    def _line_at(self, place: int) -> int:
        if place < self._counted:
            return self._text.count("\n", 0, place) + 1
        self._line += self._text.count("\n", self._counted, place)
        self._counted = place
        return self._line


def _where(error: ValueError, place: int) -> int:
    return error.pos if isinstance(error, json.JSONDecodeError) else place


def _why(error: ValueError) -> str:
    text = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return f"The text is no JSON here ({text[:120]}), so this record was left out"
