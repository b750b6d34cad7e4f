"""Lists of class names: one to a line, or the `names` of a YOLO set's YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from engine.datasets.formats.boxes import MAX_CLASSES
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import read_text

MAX_BYTES = 4 * 2**20
BACKGROUND_NAMES = frozenset(("background", "_background_", "__background__", "bg"))
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\""
_ENTRY = re.compile(rf"\s*(?:(\d+)\s*:\s+)?({_QUOTED}|[^,'\"\[\]{{}}]+?)\s*(?:,|$)")
_MAPPED = re.compile(rf"\s+(\d+)\s*:\s+({_QUOTED}|[^#]*?)\s*(?:#.*)?$")
_DASHED = re.compile(rf"\s*-\s+({_QUOTED}|[^#]*?)\s*(?:#.*)?$")


def read_names(path: Path, name: str, faults: Faults) -> list[str]:
    """One class name to a line; empty lines at the end do not count. `name` is for the faults."""
    lines = read_text(path, MAX_BYTES, faults, name).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return _distinct([(line.strip(), number) for number, line in enumerate(lines, 1)], name, faults)


def read_yaml_names(path: Path, name: str, faults: Faults) -> list[str]:
    """The `names` of a YAML file: a list in brackets or dashes, or a mapping from the numbers 0, 1, 2 and so on.

    Nothing else of YAML is understood, and nothing else in the file is read. [] without names that can be read.
    """
    lines = read_text(path, MAX_BYTES, faults, name).splitlines()
    start = next((row for row, line in enumerate(lines) if re.match(r"names\s*:", line)), None)
    if start is None:
        faults.refuse(name, "The file has no list of names at the left margin.", 1)
        return []
    rest = lines[start].split(":", 1)[1].strip()
    inline = rest and not rest.startswith("#")
    found = _in_brackets(lines, start, rest) if inline else _by_line(lines, start)
    if found is None:
        faults.refuse(name, "The names are neither a list nor a mapping from 0, 1, 2 and so on.", start + 1)
        return []
    return _distinct(found, name, faults)


def in_order(names: Iterable[str]) -> list[str]:
    """Class names that came in no order of their own: numbers by their size, else by the alphabet."""
    found = set(names)
    if all(name.isascii() and name.isdigit() and len(name) < 10 for name in found):
        return sorted(found, key=lambda name: (int(name), name))
    return sorted(found, key=lambda name: (name.casefold(), name))


Found = list[tuple[str, int]]
"""Names with their lines."""


def _in_brackets(lines: list[str], start: int, rest: str) -> Found | None:
    """["a", 'b', c] or {0: a, 1: b}, over one line or several."""
    close = {"[": "]", "{": "}"}.get(rest[:1], "")
    if not close:
        return None
    inner: list[tuple[str, int]] = []
    for row in range(start, min(len(lines), start + MAX_CLASSES)):
        text = rest[1:] if row == start else lines[row]
        bare = re.sub(r"\s+#.*$", "", text).rstrip()
        inner.append((bare.removesuffix(close), row + 1))
        if bare.endswith(close):
            break
    else:
        return None
    found: list[tuple[int | None, str, int]] = []
    for text, line in inner:
        place = 0
        while place < len(text.rstrip()):
            match = _ENTRY.match(text, place)
            if match is None or match.end() == place:
                return None
            found.append((int(match[1][:6]) if match[1] else None, _plain(match[2]), line))
            place = match.end()
    return _numbered(found, mapped=close == "}")


def _by_line(lines: list[str], start: int) -> Found | None:
    """Dashes, or numbers with a colon, on the lines below."""
    found: list[tuple[int | None, str, int]] = []
    for row in range(start + 1, min(len(lines), start + 1 + 2 * MAX_CLASSES)):
        line = lines[row]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        mapped, dashed = _MAPPED.match(line), _DASHED.match(line)
        if mapped:
            found.append((int(mapped[1][:6]), _plain(mapped[2]), row + 1))
        elif dashed:
            found.append((None, _plain(dashed[1]), row + 1))
        elif line[0].isspace():
            return None
        else:
            break
    return _numbered(found, mapped=bool(found) and found[0][0] is not None)


def _numbered(found: list[tuple[int | None, str, int]], mapped: bool) -> Found | None:
    if any((number is not None) != mapped for number, _, _ in found):
        return None
    if mapped:
        found = sorted(found, key=lambda one: one[0] or 0)
        if [number for number, _, _ in found] != list(range(len(found))):
            return None
    return [(text, line) for _, text, line in found]


def _plain(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text.strip()


def _distinct(found: Found, name: str, faults: Faults) -> list[str]:
    """The names, each once; numbers of other files count on their places, so none is left out."""
    names: list[str] = []
    seen: set[str] = set()
    if len(found) > MAX_CLASSES:
        faults.refuse(
            name, f"There are more than {MAX_CLASSES:,} names; those from here on were left out.", MAX_CLASSES
        )
    for number, (text, line) in enumerate(found[:MAX_CLASSES]):
        given = text[:200]
        if not given:
            given = f"class {number}"
            faults.repair(name, f"This name is empty; the class is called {given} now.", line)
        if given in seen:
            again = f"{given} ({number})"
            faults.repair(name, f"There are two classes called {given}; the second is called {again} now.", line)
            given = again
        seen.add(given)
        names.append(given)
    return names
