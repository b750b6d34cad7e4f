"""Where each picture of the wall lies: sections by class, rows of equal cells. Plain arithmetic for any number."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Section:
    """The pictures of one class."""

    title: str
    count: int


class WallLayout:
    """Places `sections` in a column of the given width; `cell` is the least side of a picture's cell.

    Positions are places in the order of the wall, counted over all sections. Everything is in pixels.
    """

    def __init__(self, sections: Sequence[Section], width: int, cell: int, gap: int, head: int) -> None:
        self.sections = tuple(sections)
        self.gap, self.head = gap, head
        self.columns = max(1, (width - gap) // (cell + gap))
        # What is left over makes the cells a little larger, so that the rows fill the width.
        self.cell = max(cell, (width - gap) // self.columns - gap)
        rows = [-(-section.count // self.columns) for section in self.sections]
        heights = [head + row * (self.cell + gap) for row in rows]
        self._tops = [0, *accumulate(heights)]
        self._starts = [0, *accumulate(section.count for section in self.sections)]

    @property
    def height(self) -> int:
        """Of the whole."""
        return self._tops[-1] + self.gap

    @property
    def count(self) -> int:
        return self._starts[-1]

    def section_top(self, number: int) -> int:
        """Where a section's heading begins."""
        return self._tops[number]

    def section_of(self, position: int) -> int:
        """The section that a picture is in."""
        return bisect_right(self._starts, position) - 1

    def place(self, position: int) -> tuple[int, int]:
        """(x, y) of a picture's cell."""
        section = self.section_of(position)
        row, column = divmod(position - self._starts[section], self.columns)
        step = self.cell + self.gap
        return self.gap + column * step, self._tops[section] + self.head + row * step

    def at(self, x: int, y: int) -> int | None:
        """The position of the picture at (x, y), or None between them."""
        section = bisect_right(self._tops, y) - 1
        if not 0 <= section < len(self.sections):
            return None
        step = self.cell + self.gap
        row, below = divmod(y - self._tops[section] - self.head, step)
        column, beside = divmod(x - self.gap, step)
        inside = row >= 0 and 0 <= column < self.columns and below < self.cell and beside < self.cell
        position = self._starts[section] + row * self.columns + column
        return position if inside and position < self._starts[section + 1] else None

    def sections_between(self, top: int, bottom: int) -> range:
        """The numbers of the sections that a band of the wall shows."""
        first = max(0, bisect_right(self._tops, top) - 1)
        last = min(len(self.sections), bisect_right(self._tops, bottom))
        return range(first, last)

    def between(self, top: int, bottom: int) -> list[int]:
        """The positions of the pictures that a band of the wall shows."""
        step = self.cell + self.gap
        shown: list[int] = []
        for section in self.sections_between(top, bottom):
            start = self._tops[section] + self.head
            first = max(0, (top - start) // step)
            last = max(0, -(-(bottom - start) // step))
            low = self._starts[section] + first * self.columns
            high = min(self._starts[section] + last * self.columns, self._starts[section + 1])
            shown.extend(range(low, high))
        return shown

    def moved(self, position: int, rows: int) -> int:
        """The picture that many rows below (or above), in the same column where there is one."""
        for _ in range(abs(rows)):
            position = self._below(position) if rows > 0 else self._above(position)
        return position

    def _below(self, position: int) -> int:
        section = self.section_of(position)
        end = self._starts[section + 1]
        column = (position - self._starts[section]) % self.columns
        if position + self.columns < end:
            return position + self.columns
        last_row = self._starts[section] + (end - 1 - self._starts[section]) // self.columns * self.columns
        if position < last_row:
            return end - 1
        return min(end + column, self._starts[section + 2] - 1) if section + 2 < len(self._starts) else position

    def _above(self, position: int) -> int:
        section = self.section_of(position)
        start = self._starts[section]
        column = (position - start) % self.columns
        if position - self.columns >= start:
            return position - self.columns
        if section == 0:
            return position
        before = self._starts[section - 1]
        last_row = before + (start - 1 - before) // self.columns * self.columns
        return min(last_row + column, start - 1)
