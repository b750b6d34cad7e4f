"""Writing YOLO's text files."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.datasets.formats.outlines import fill, joined, trace
from engine.datasets.formats.writing import FORMATS, PART_FOLDERS, DatasetFormat, Shown


@FORMATS.register("yolo")
class YoloFormat(DatasetFormat):
    """Pictures in `images`, a text file each in `labels`, names in `data.yaml` and `classes.txt`.

    An object with a mask becomes one outline, whose parts and holes are linked by paths that enclose nothing; its box
    is then the one around the outline. Others become boxes.
    """

    label = "YOLO text"
    help = "Boxes, or outlines where masks are known, in one text file to a picture."
    carries = ("labels", "boxes", "instances")
    needs = ("boxes",)
    source = "yolo"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._parts: set[int] = set()

    def _place(self, kind: str, name: str, part: int) -> str:
        return "/".join(step for step in (kind, PART_FOLDERS[part], name) if step)

    def place(self, shown: Shown) -> str | None:
        if shown.known.boxes is None:
            self.faults.refuse(shown.name, "There are no boxes for this picture, so it was left out.")
            return None
        self._parts.add(shown.part)
        return self._place("images", shown.name, shown.part)

    def add(self, shown: Shown) -> None:
        known = shown.known
        assert known.boxes is not None
        assert known.box_labels is not None
        instances = shown.instances()
        lines = []
        for place in range(shown.count):
            numbers = _outline(shown, instances, place)
            if numbers is None:
                numbers = _box(known.boxes[place], shown.size)
            words = " ".join(f"{value:.12g}" for value in numbers)
            lines.append(f"{int(known.box_labels[place])} {words}\n")
        self.write(self._place("labels", f"{shown.stem}.txt", shown.part), "".join(lines).encode())

    def finish(self) -> None:
        parts = self._parts
        lines = ["path: ."]
        for part, word in ((0, "train"), (1, "val"), (2, "test")):
            if part in parts:
                lines.append(f"{word}: images/{word}")
        if not parts & {0, 1}:
            lines += ["train: images", "val: images"]
        lines.append("names:")
        lines += [f"  {number}: '{name.replace(chr(39), 2 * chr(39))}'" for number, name in enumerate(self.classes)]
        self.write("data.yaml", ("\n".join(lines) + "\n").encode())
        self.write("classes.txt", "".join(f"{name}\n" for name in self.classes).encode())


def _box(box: np.ndarray, size: tuple[int, int]) -> list[float]:
    width, height = size
    x1, y1, x2, y2 = (float(value) for value in box)
    return [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]


def _outline(shown: Shown, instances: np.ndarray | None, place: int) -> list[float] | None:
    """The corners of an object, as shares, or None where only its box is known."""
    width, height = shown.size
    rings = shown.known.outlines[place] if shown.known.outlines else ()
    seen = instances == place + 1 if instances is not None else None
    if seen is not None and seen.any() and instances is not None:
        drawn = fill(rings, height, width) if rings else None
        # What another object hides is part of the outline all the same.
        if drawn is None or not (drawn == seen)[(instances == 0) | seen].all():
            rings = trace(seen)
    if not rings:
        return None
    ring = joined(rings).astype(np.float64) / [width, height]
    return np.clip(ring, 0, 1).reshape(-1).tolist()
