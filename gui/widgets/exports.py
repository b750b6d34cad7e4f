"""What a widget offers to be saved as a file. Asking for the place and writing is the page's business."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Export:
    """A file to be.

    Attributes:
        name: the suggested name, with its suffix.
        kind: what it is, for the file dialog, such as "Table".
        data: its content.
    """

    name: str
    kind: str
    data: bytes

    @property
    def suffix(self) -> str:
        return self.name.rpartition(".")[2]


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as CSV in UTF-8; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue().encode("utf-8")
