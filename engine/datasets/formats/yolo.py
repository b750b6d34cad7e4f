"""YOLO's text files: one for each picture, one line for each object, everything as shares of width and height.

A line holds the class number and x and y of the centre, width and height of a box; or the class number and x and y of
three or more corners of an outline.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from engine.datasets.annotation import Ring
from engine.datasets.formats.boxes import MAX_OBJECTS, Box, number, usable_box
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.objects import Marked

MAX_BYTES = 16 * 2**20
_MOST_CORNERS = 20_000
_SLACK = 2e-3  # shares that a corner may stick out by without a word; many tools round to three places


@dataclass(frozen=True)
class Line:
    """An object in shares of the picture's sides."""

    label: int
    box: Box
    ring: Ring | None
    line: int

    def marked(self, size: tuple[int, int]) -> Marked:
        """The object in pixels of a picture of `size`, width and height."""
        width, height = size
        x1, y1, x2, y2 = self.box
        rings: tuple[Ring, ...] = ()
        if self.ring is not None:
            rings = ((self.ring * [width, height]).astype(np.float32),)
        return Marked(self.label, (x1 * width, y1 * height, x2 * width, y2 * height), rings)


def read_lines(text: str, source: str, classes: int | None, faults: Faults) -> list[Line]:
    """The objects of one file; what cannot be used is told with its line.

    Args:
        source: the file's path below the dataset's folder.
        classes: how many there are; None where no list of names says so.
    """
    found: list[Line] = []
    seen: set[tuple[str, ...]] = set()
    for line, row in enumerate(text.splitlines(), 1):
        words = tuple(row.split())
        if not words:
            continue
        if len(found) >= MAX_OBJECTS:
            faults.refuse(
                source, f"There are more than {MAX_OBJECTS:,} objects; from here on they were left out.", line, "line"
            )
            break
        if words in seen:
            faults.refuse(source, "The line repeats an earlier one, so it was left out.", line, "line")
            continue
        seen.add(words)
        try:
            one, note = _object(words, line, classes)
        except ValueError as error:
            faults.refuse(source, f"The line was left out: {error}.", line, "line")
            continue
        if note:
            faults.repair(source, note, line)
        found.append(one)
    return found


def _object(words: tuple[str, ...], line: int, classes: int | None) -> tuple[Line, str]:
    label = number(words[0])
    if label is None or label != int(label) or not 0 <= label < 10_000:
        raise ValueError(f"{words[0][:40]} is no class number")
    if classes is not None and label >= classes:
        raise ValueError(f"there is no class {int(label)}, since {classes} are named")
    values = [number(word) for word in words[1:]]
    if None in values:
        wrong = words[1 + values.index(None)]
        raise ValueError(f"{wrong[:40]} is no finite number")
    numbers = [value for value in values if value is not None]
    if max((abs(value) for value in numbers), default=0.0) > 100:
        raise ValueError("its numbers are no shares of the picture's sides")
    if len(numbers) == 4:
        x, y, width, height = numbers
        if width <= 0 or height <= 0:
            raise ValueError("its box has no width or no height")
        return _boxed(int(label), (x - width / 2, y - height / 2, x + width / 2, y + height / 2), None, line)
    if len(numbers) < 6 or len(numbers) % 2 or len(numbers) > 2 * _MOST_CORNERS:
        raise ValueError(f"{len(numbers)} numbers after the class are neither a box nor an outline")
    corners = np.array(numbers, np.float64).reshape(-1, 2)
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return _boxed(int(label), (x1, y1, x2, y2), np.clip(corners, 0, 1), line)


def _boxed(label: int, box: Box, ring: Ring | None, line: int) -> tuple[Line, str]:
    x1, y1, x2, y2 = box
    # Its slack of half a pixel is half of everything here, so how far the box stuck out is told below.
    inside, note = usable_box((x1, y1, x2, y2), 1, 1)
    if inside is None:
        raise ValueError(note.removesuffix(", so it was left out.")[0].lower() + note.removesuffix(".")[1:])
    out = max(-x1, -y1, x2 - 1, y2 - 1)
    if out > _SLACK:
        note = "The object stuck out of its picture and was clipped."
    return Line(label, inside, ring, line), note


def label_places(picture: str) -> tuple[str, ...]:
    """Where the text file of a picture may lie: in `labels` for `images`, in a `labels` beside it, or beside it."""
    path = PurePosixPath(picture).with_suffix(".txt")
    steps = list(path.parts)
    parallel = [
        "/".join([*steps[:place], "labels", *steps[place + 1 :]])
        for place in range(len(steps) - 2, -1, -1)
        if steps[place].lower() == "images"
    ]
    return (*parallel, str(path), str(path.parent / "labels" / path.name))
