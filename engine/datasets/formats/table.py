"""Tables in CSV: a picture and its class, or its classes, or one box to a row."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from engine.datasets.formats.faults import Faults

MAX_BYTES = 256 * 2**20
_MEANINGS = {
    "path": "path", "file": "path", "filename": "path", "file_name": "path", "image": "path", "image_path": "path",
    "picture": "path", "img": "path", "label": "label", "labels": "label", "class": "label", "classes": "label",
    "category": "label", "x1": "x1", "xmin": "x1", "left": "x1", "y1": "y1", "ymin": "y1", "top": "y1", "x2": "x2",
    "xmax": "x2", "right": "x2", "y2": "y2", "ymax": "y2", "bottom": "y2", "part": "part", "split": "part",
    "set": "part", "subset": "part",
}  # fmt: skip
_PLAIN = {2: ("path", "label"), 6: ("path", "x1", "y1", "x2", "y2", "label")}
CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Row:
    """One row: its line and its fields by meaning (path, label, x1, y1, x2, y2, part)."""

    line: int
    fields: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The rows that could be read, and what they are: "boxes", "classes" (several to a picture) or "class"."""

    kind: str
    rows: list[Row]


def read_table(text: str, source: str, faults: Faults) -> Table | None:
    """The rows of a table, line by line, so that a damaged one takes no other along.

    Commas, tabs or semicolons separate; the first line may name the columns. None if the first line says nothing of
    what the columns mean.
    """
    lines = text.splitlines()
    first = next((row for row, line in enumerate(lines) if line.strip()), None)
    if first is None:
        faults.refuse(source, "The table is empty.", 1)
        return None
    separator = next((sign for sign in (",", "\t", ";") if sign in lines[first]), ",")
    columns, header = _columns(_split(lines[first], separator) or [])
    if columns is None:
        faults.refuse(source, "The columns are neither named nor a path and a label, nor a path, a box and a label.", 1)
        return None
    rows: list[Row] = []
    for number in range(first + header, len(lines)):
        line = lines[number]
        if not line.strip():
            continue
        fields = _split(line, separator)
        if fields is None:
            held = "a character that is no text" if "\0" in line else "a quotation mark without its partner"
            faults.refuse(source, f"The row has {held}, so it was left out.", number + 1, "row")
        elif len(fields) != len(columns):
            told = f"The row has {len(fields)} columns instead of {len(columns)}, so it was left out."
            faults.refuse(source, told, number + 1, "row")
        else:
            rows.append(Row(number + 1, {name: field.strip() for name, field in zip(columns, fields, strict=True)}))
    boxed = "x1" in columns
    several = any(";" in row.fields["label"] or "|" in row.fields["label"] for row in rows)
    return Table("boxes" if boxed else "classes" if several else "class", rows)


def _split(line: str, separator: str) -> list[str] | None:
    if "\0" in line:
        return None
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return None


def _columns(fields: list[str]) -> tuple[tuple[str, ...] | None, int]:
    """What each column means ("?" and a number where that is unknown), and how many lines the header takes."""
    named = tuple(_MEANINGS.get(field.strip().lower(), f"?{place}") for place, field in enumerate(fields))
    known = [name for name in named if not name.startswith("?")]
    if "path" in known and "label" in known and len(set(known)) == len(known):
        return (named, 1) if not set(CORNERS) & set(known) or set(CORNERS) <= set(known) else (None, 1)
    return _PLAIN.get(len(fields)), 0
