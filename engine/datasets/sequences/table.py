"""Reading tables of numbers from CSV files, with the line of whatever is wrong."""

from __future__ import annotations

import codecs
import csv
import io
import math
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cancel import CancelToken
from engine.datasets.base import Fault
from engine.errors import BadInput

MOST_BYTES = 100_000_000
LARGEST = 1e30
"""Single precision ends at 3e38, and squares are taken of what is learned from."""
_SEPARATORS = ("\t", ";", ",")


@dataclass(frozen=True)
class Table:
    """A CSV file taken apart.

    Attributes:
        path: where it lies.
        columns: names from its first line, unique.
        rows: the cells of all further lines that hold anything, as many as there are columns; () for a line that had
            another number of cells, which is among the faults.
        lines: the line in the file on which each row stands, counted from 1.
        decimal: what stands before the decimals of a number.
        faults: lines that cannot be used.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    decimal: str
    faults: tuple[Fault, ...]

    def number(self, cell: str) -> float | None:
        """The number that a cell holds, or None; one beyond `LARGEST` is none that a network could learn from."""
        text = cell.strip()
        if self.decimal != ".":
            text = text.replace(".", "").replace(self.decimal, ".") if self.decimal in text else text
        try:
            value = float(text)
        except ValueError:
            return None
        return value if math.isfinite(value) and abs(value) <= LARGEST else None

    def place(self, name: str) -> int:
        """The number of the column `name`, or `BadInput` that lists the columns."""
        if name not in self.columns:
            raise BadInput(
                f"{self.path.name} has no column {name!r}.", f"Its columns are {', '.join(self.columns[:30])}."
            )
        return self.columns.index(name)

    def fault(self, row: int, reason: str) -> Fault:
        """What is wrong with a row, by the file and the line."""
        return Fault(f"{self.path.name}, line {self.lines[row]:,}", reason, thing="line")


def read_table(path: Path, token: CancelToken) -> Table:
    """Read a CSV file whose first line names the columns; commas, semicolons or tabs stand between cells.

    With semicolons, numbers may have a decimal comma. A line with another number of cells is a fault.

    Raises:
        BadInput: the file isn't there, is no UTF-8, is too large, or has no line of names and no line of values.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise BadInput(
            f"There is no file {path} that can be read.", "Choose it again on the Data page.", details=str(error)
        ) from None
    if size > MOST_BYTES:
        raise BadInput(f"{path.name} has {size / 1e6:,.0f} MB.", f"Choose one of up to {MOST_BYTES / 1e6:.0f} MB.")
    try:
        text = data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(
            f"Line {line:,} of {path.name} is not text in UTF-8.", "Save the table as CSV in UTF-8."
        ) from None
    return _taken_apart(path, text, token)


def _taken_apart(path: Path, text: str, token: CancelToken) -> Table:
    head = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    columns: tuple[str, ...] | None = None
    try:
        for cells in reader:
            token.raise_if_cancelled()
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = tuple(cell.strip() for cell in cells)
            elif len(cells) != len(columns):
                reason = f"The line has {len(cells)} cells, and the first line names {len(columns)} columns."
                faults.append(Fault(f"{path.name}, line {reader.line_num:,}", reason, thing="line"))
                rows.append(())
                lines.append(reader.line_num)
            else:
                rows.append(tuple(cells))
                lines.append(reader.line_num)
    except csv.Error as error:
        raise BadInput(
            f"Line {reader.line_num:,} of {path.name} is no line of a CSV table.",
            "Look at its quotation marks, or save it again as CSV.",
            details=str(error),
        ) from None
    if columns is None or not rows:
        raise BadInput(f"{path.name} holds no table.", "Its first line names the columns, and values follow below.")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise BadInput(f"{path.name} has two columns called {twice!r}.", "Give every column a name of its own.")
    table = Table(path, columns, tuple(rows), tuple(lines), "," if separator == ";" else ".", tuple(faults))
    if _of_numbers(table):
        reason = "The first line holds numbers and was taken as the names of the columns; put a line of names above it."
        table = replace(table, faults=(Fault(f"{path.name}, line 1", reason, thing="line"), *table.faults))
    return table


def _of_numbers(table: Table) -> bool:
    """Whether the columns are called like values, and not just counted."""
    numbers = [table.number(name) for name in table.columns]
    if None in numbers:
        return False
    return all(numbers != list(range(first, first + len(numbers))) for first in (0, 1))
