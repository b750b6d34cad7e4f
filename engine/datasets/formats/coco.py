"""COCO's JSON: pictures, categories, and annotations that refer to both by number.

The format of T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context" (2014), section "Annotations". Keypoints,
captions and licences are read past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.annotation import Ring
from engine.datasets.formats.boxes import MAX_CLASSES, MAX_OBJECTS, Box, four_numbers, usable_box
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import Finder, part_of, picture_size, read_text, safe_relative
from engine.datasets.formats.json_records import Record, RecordReader
from engine.datasets.formats.objects import Entry, Marked, turned
from engine.datasets.formats.rle import checked_runs, decompress, extent, mask_of
from engine.datasets.formats.turned import MARKED_LYING, quarter_turn
from engine.errors import BadInput

MAX_BYTES = 1024 * 2**20
_MAX_CORNERS = 100_000
SECTIONS = ("images", "annotations", "categories")

Say = Callable[[str], None]
"""Told what is being done; raises `JobCancelled` when it is to be no more."""


@dataclass
class _Picture:
    name: str
    size: tuple[int, int]
    line: int
    turn: int  # the EXIF orientation by which its marks are turned, see `quarter_turn`
    objects: list[Marked] = field(default_factory=list)


class CocoFile:
    """One annotation file, read.

    Args:
        top: the dataset's folder.
        name: the file's path below it.
        finder: the pictures there.

    Attributes:
        categories: class names in the order of their numbers.

    Raises:
        BadInput: the file cannot be read at all.
    """

    def __init__(self, top: Path, name: str, finder: Finder, faults: Faults, say: Say) -> None:
        self.name = name
        self._top = top
        self._finder = finder
        self._faults = faults
        self._say = say
        self._names: dict[int | str, str] = {}  # categories by number
        self._pictures: dict[int | str, _Picture] = {}
        self._refused: set[int | str] = set()
        self._later: list[Record] = []
        self._seen: set[int | str] = set()
        text = read_text(top / name, MAX_BYTES, faults, name)
        reader = RecordReader(text, SECTIONS)
        for record in reader:
            if record.note:
                self._faults.repair(name, record.note, record.line)
            if record.problem:
                self._faults.refuse(name, record.problem, record.line, _kind(record) if record.section else "")
            elif not isinstance(record.value, dict):
                self._refuse(record, "is not an object in braces")
            elif record.section == "categories":
                self._category(record)
            elif record.section == "images":
                self._picture(record)
            else:
                self._later.append(record)
        if not reader.found:
            self._faults.refuse(name, "The file has neither pictures nor annotations, so it is none of COCO's.", 1)
        self.categories = [self._names[key] for key in sorted(self._names, key=lambda key: (isinstance(key, str), key))]

    def entries(self, classes: dict[str, int]) -> list[Entry]:
        """The pictures with their objects; `classes` are the class numbers by name."""
        numbers = {key: classes[name] for key, name in self._names.items()}
        for place, record in enumerate(self._later):
            if place % 20_000 == 0:
                self._say(f"Read {place:,} of {len(self._later):,} annotations of {self.name}")
            self._annotation(record, numbers)
        self._later = []
        part = part_of(self.name)
        return [Entry(picture.name, picture.size, tuple(picture.objects), part) for picture in self._pictures.values()]

    def _refuse(self, record: Record, why: str) -> None:
        self._faults.refuse(self.name, f"{_called(record)} {why}, so it was left out.", record.line, _kind(record))

    def _repair(self, record: Record, what: str) -> None:
        self._faults.repair(self.name, f"{_called(record)}: {what}", record.line)

    def _category(self, record: Record) -> None:
        key = _id(record.value.get("id"))
        name = record.value.get("name")
        if key is None:
            self._refuse(record, "has no usable id")
        elif key in self._names:
            self._refuse(record, f"has the id {key} of an earlier one")
        elif len(self._names) >= MAX_CLASSES:
            self._refuse(record, f"is beyond the {MAX_CLASSES:,} classes that a set may have")
        else:
            if not isinstance(name, str) or not name.strip() or len(name) > 200:
                self._repair(record, f"It has no usable name and is called {key} now.")
                name = str(key)
            elif name.strip() in self._names.values():
                self._repair(record, f"There are two categories called {name.strip()}; they are taken as one.")
            self._names[key] = name.strip()

    def _picture(self, record: Record) -> None:
        key = _id(record.value.get("id"))
        if key is None or key in self._pictures:
            self._refuse(record, "has no usable id" if key is None else f"has the id {key} of an earlier one")
            return
        if len(self._pictures) % 2000 == 0:
            self._say(f"Found {len(self._pictures):,} pictures")
        self._refused.add(key)
        given = record.value.get("file_name")
        name = safe_relative(given) if isinstance(given, str) else None
        if name is None:
            self._refuse(record, "has no file name, or one that leads out of the folder")
            return
        found = self._finder.find(name, self.name)
        if found is None:
            self._refuse(record, f"names the picture {name}, which is not there")
            return
        try:
            size = picture_size(self._top / found)
        except BadInput as error:
            self._refuse(record, f"names a picture that cannot be used ({error.what.removesuffix('.')})")
            return
        claimed = (record.value.get("width"), record.value.get("height"))
        turn = quarter_turn(self._top / found, size, claimed)
        if turn:
            self._repair(record, MARKED_LYING)
        elif claimed != (None, None) and claimed != size:
            if all(type(side) is int and side > 0 for side in claimed):
                self._refuse(record, f"says {claimed[0]}×{claimed[1]} pixels, but {found} has {size[0]}×{size[1]}")
                return
            self._repair(record, f"Its size is no size; that of {found}, {size[0]}×{size[1]}, was taken.")
        self._refused.discard(key)
        self._pictures[key] = _Picture(found, size, record.line, turn)

    def _annotation(self, record: Record, numbers: dict[int | str, int]) -> None:
        value = record.value
        key = _id(value.get("image_id"))
        picture = self._pictures.get(key) if key is not None else None
        if picture is None:
            if key not in self._refused:
                self._refuse(record, "belongs to no picture of the file")
            else:
                self._refuse(record, f"belongs to picture {key}, which was left out")
            return
        category = _id(value.get("category_id"))
        label = None if category is None else numbers.get(category)
        if label is None:
            self._refuse(record, f"has the category {_short(value.get('category_id'))}, which is not in the file")
            return
        own = _id(value.get("id"))
        if own is not None and own in self._seen:
            self._refuse(record, f"has the id {own} of an earlier one")
            return
        if len(picture.objects) >= MAX_OBJECTS:
            self._refuse(record, f"is beyond the {MAX_OBJECTS:,} objects that a picture may have")
            return
        marked = self._marked(record, label, picture.size[::-1] if picture.turn else picture.size)
        if marked is not None and picture.turn:
            marked = turned(marked, picture.turn, picture.size)
        if marked is not None:
            picture.objects.append(marked)
            if own is not None:
                self._seen.add(own)

    def _marked(self, record: Record, label: int, size: tuple[int, int]) -> Marked | None:
        value = record.value
        rings, runs, broken = _shape(value.get("segmentation"), size)
        if broken:
            self._repair(record, f"Its segmentation {broken}; only what else is known of it was kept.")
        box = four_numbers(value.get("bbox"))
        note = "It has no box of four finite numbers, so it was left out."
        if box is not None:
            box, note = usable_box((box[0], box[1], box[0] + box[2], box[1] + box[3]), *size)
        if box is None:
            box = _around(rings, runs, size)
            if box is None:
                self._faults.refuse(self.name, f"{_called(record)}: {note}", record.line, _kind(record))
                return None
            if value.get("bbox") is not None:
                self._repair(
                    record, f"{note.removesuffix(', so it was left out.')}; the one around its mask was taken."
                )
        elif note:
            self._repair(record, note)
        return Marked(label, box, rings, runs, union=True, crowd=value.get("iscrowd") in (1, True))


def _id(value: Any) -> int | str | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    return value if not isinstance(value, str) or 0 < len(value) <= 200 else None


def _called(record: Record) -> str:
    own = record.value.get("id") if isinstance(record.value, dict) else None
    return f"{_kind(record).capitalize()} {record.place + 1}{f' (id {_short(own)})' if own is not None else ''}"


def _kind(record: Record) -> str:
    return {"images": "picture", "categories": "category"}.get(record.section, "annotation")


def _short(value: Any) -> str:
    return str(value)[:60] if not isinstance(value, int) or abs(value) < 10**30 else "of more than 30 digits"


Shape = tuple[tuple[Ring, ...], np.ndarray | None, str]


def _shape(value: Any, size: tuple[int, int]) -> Shape:
    """Rings, or run lengths, and why some of it cannot be used."""
    if value is None or value == [] or value == {}:
        return (), None, ""
    try:
        if isinstance(value, dict):
            return (), _runs(value, size), ""
    except ValueError as error:
        return (), None, str(error)
    if not isinstance(value, list):
        return (), None, "is neither outlines nor run lengths"
    rings = []
    broken = ""
    for flat in value[:_MAX_CORNERS]:
        ring, why = _ring(flat, size)
        broken = broken or why
        if ring is not None:
            rings.append(ring)
    return tuple(rings), None, broken


def _ring(flat: Any, size: tuple[int, int]) -> tuple[Ring | None, str]:
    if not isinstance(flat, list) or len(flat) < 6 or len(flat) % 2 or len(flat) > 2 * _MAX_CORNERS:
        return None, "has an outline that is no list of three or more corners"
    if not set(map(type, flat)) <= {int, float}:
        return None, "has an outline with something that is no number"
    try:
        corners = np.array(flat, np.float64).reshape(-1, 2)
    except (OverflowError, ValueError):
        return None, "has an outline with a number that is too large"
    if not np.isfinite(corners).all():
        return None, "has an outline with a number that is not finite"
    most = 2.0 * max(size)
    if np.abs(corners).max() > most:
        corners = np.clip(corners, 0, size)
        return corners, "has an outline that stuck far out of its picture and was clipped"
    return corners, ""


def _runs(value: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
    width, height = size
    if value.get("size") != [height, width]:
        raise ValueError(f"is for a picture of {_short(value.get('size'))} (height, width) and not {[height, width]}")
    counts = value.get("counts")
    if isinstance(counts, str):
        return checked_runs(decompress(counts), height, width)
    if not isinstance(counts, list) or any(type(one) is not int for one in counts):
        raise ValueError("holds no run lengths")
    try:
        return checked_runs(counts, height, width)
    except OverflowError:
        raise ValueError("holds a run length that cannot be") from None


def _around(rings: tuple[Ring, ...], runs: np.ndarray | None, size: tuple[int, int]) -> Box | None:
    """The box around a mask; around an outline its corners' extent, as far as it lies in the picture."""
    width, height = size
    if runs is not None:
        return extent(mask_of(runs, height, width))
    if not rings:
        return None
    corners = np.concatenate(rings)
    (x1, y1), (x2, y2) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    box, _ = usable_box((x1, y1, x2, y2), width, height)
    return box
