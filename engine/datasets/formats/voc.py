"""Pascal VOC: an XML file with boxes for each picture, and PNGs whose palette numbers are classes and objects.

After M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge" (2010), and its development kit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from engine.datasets.formats.boxes import MAX_OBJECTS, Box, number, usable_box
from engine.datasets.formats.class_maps import load_class_map
from engine.datasets.formats.class_names import in_order
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import Finder, picture_size, read_bytes, safe_relative
from engine.datasets.formats.objects import Marked
from engine.datasets.formats.rle import extent, runs_of
from engine.datasets.formats.turned import MARKED_LYING, quarter_turn, turned_box
from engine.datasets.formats.xml_tree import Element, parse_xml
from engine.errors import BadInput

MAX_BYTES = 16 * 2**20
CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The challenge's own, in the order of the numbers in its PNGs, which begin with 1."""
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Named:
    """An object as an XML file tells of it; `place` is its place among all objects of the file, from 0."""

    name: str
    box: Box
    place: int


@dataclass(frozen=True)
class VocFile:
    """One XML file, read.

    Attributes:
        picture: a path below the dataset's folder.
        turn: the EXIF orientation by which its marks were turned, see `quarter_turn`.
    """

    source: str
    picture: str
    size: tuple[int, int]
    objects: tuple[Named, ...]
    turn: int = 0


class VocReader:
    """Reads the XML files of one dataset.

    Args:
        first: the number of a picture's first pixel: 1 in Pascal VOC, 0 from many tools.
    """

    def __init__(self, top: Path, finder: Finder, faults: Faults, first: int) -> None:
        self._top = top
        self._finder = finder
        self._faults = faults
        self._first = first

    def read(self, source: str) -> VocFile | None:
        """The file at this path below the folder, or None with a fault that says why it is of no use."""
        try:
            root, problem = parse_xml(read_bytes(self._top / source, MAX_BYTES))
        except BadInput as error:
            self._faults.refuse(source, error.what)
            return None
        if root is None and problem is not None:
            self._faults.refuse(source, f"{problem.reason.removesuffix('.')}.", problem.line)
            return None
        if root is None or root.tag != "annotation":
            line = root.line if root is not None else 1
            self._faults.refuse(source, "The file is no Pascal VOC annotation, so it was left out.", line)
            return None
        picture = self._picture(root, source)
        if picture is None:
            if problem is not None:
                self._faults.refuse(source, f"{problem.reason}.", problem.line)
            return None
        if problem is not None:
            self._faults.repair(source, f"{problem.reason}; the objects before it were kept.", problem.line)
        name, size = picture
        turn = self._compare(root, source, name, size)
        objects = []
        for place, element in enumerate(root.all("object")):
            found = self._object(element, source, size[::-1] if turn else size, place)
            if found is not None:
                objects.append(replace(found, box=turned_box(found.box, turn, size)) if turn else found)
        return VocFile(source, name, size, tuple(objects), turn)

    def _picture(self, root: Element, source: str) -> tuple[str, tuple[int, int]] | None:
        element = root.find("filename")
        line = element.line if element is not None else root.line
        given = root.word("filename")
        name = safe_relative(given)
        if given and name is None:
            self._faults.refuse(source, "The file name leads out of the folder, so the file was left out.", line)
            return None
        stem = PurePosixPath(source).stem
        found = self._finder.find(name, source) if name else None
        found = found or (self._finder.find(name, source, stem_only=True) if name else None)
        if found is None:
            found = self._finder.find(stem, source, stem_only=True)
            if found is None:
                what = f"The picture {name or stem} is not there"
                self._faults.refuse(source, f"{what}, so the annotation was left out.", line)
                return None
            said = f"names {name}, which is not there" if name else "names no picture"
            self._faults.repair(source, f"The file {said}; {found}, called like it, was taken.", line)
        try:
            return found, picture_size(self._top / found)
        except BadInput as error:
            self._faults.refuse(source, f"The picture cannot be used: {error.what}", line)
            return None

    def _compare(self, root: Element, source: str, picture: str, size: tuple[int, int]) -> int:
        """Note where the size in the file is not the picture's; boxes are in pixels and stay as they are.

        Where it is that of the picture on its side, the EXIF orientation by which boxes must be turned; else 0.
        """
        element = root.find("size")
        if element is None:
            return 0
        said = number(element.word("width")), number(element.word("height"))
        turn = quarter_turn(self._top / picture, size, said)
        if turn:
            self._faults.repair(source, MARKED_LYING, element.line)
        elif said not in (size, (0, 0)):
            told = f"{element.word('width')[:20] or '?'}×{element.word('height')[:20] or '?'}"
            self._faults.repair(
                source,
                f"The size is given as {told}; the picture has {size[0]}×{size[1]}, which was taken.",
                element.line,
            )
        return turn

    def _object(self, element: Element, source: str, size: tuple[int, int], place: int) -> Named | None:
        def refuse(why: str, line: int) -> Named | None:
            self._faults.refuse(source, f"Object {place + 1} {why}, so it was left out.", line, "object")
            return None

        name = element.word("name")
        if not name or len(name) > 200:
            return refuse("has no usable name", element.line)
        frame = element.find("bndbox")
        if frame is None:
            return refuse("has no box", element.line)
        if place >= MAX_OBJECTS:
            return refuse(f"is beyond the {MAX_OBJECTS:,} that a picture may have", element.line)
        values = []
        for corner in _CORNERS:
            value = number(frame.word(corner))
            if value is None:
                child = frame.find(corner)
                line = child.line if child is not None else frame.line
                return refuse(f"has no finite number for {corner}", line)
            values.append(value)
        low = self._first
        x1, x2 = min(values[0], values[2]) - low, max(values[0], values[2])
        y1, y2 = min(values[1], values[3]) - low, max(values[1], values[3])
        swapped = values[0] > values[2] or values[1] > values[3]
        box, note = usable_box((x1, y1, x2, y2), *size)
        if box is None:
            self._faults.refuse(source, f"Object {place + 1}: {note}", frame.line, "object")
            return None
        if swapped:
            note = f"The box had its corners in the wrong order; they were swapped. {note}".strip()
        if note:
            self._faults.repair(source, f"Object {place + 1}: {note}", frame.line)
        return Named(name, box, place)


def class_order(names: set[str], listed: list[str], numbered: bool) -> list[str]:
    """The classes in the order of their numbers: as listed in a file, the challenge's own, or by the alphabet.

    Args:
        numbered: whether PNGs tell classes by number, so that the challenge's own are all needed.
    """
    if listed:
        return [*listed, *sorted(names - set(listed))]
    if numbered and names <= set(CLASSES):
        return list(CLASSES)
    return in_order(names)


MASK_FOLDERS = ("SegmentationClass", "SegmentationObject")


class VocMasks:
    """The PNGs in `MASK_FOLDERS`, by the stem of their picture."""

    def __init__(self, top: Path, pngs: list[str], classes: list[str], faults: Faults) -> None:
        self._top = top
        self._classes = classes
        self._faults = faults
        self._places: dict[str, dict[str, str]] = {folder: {} for folder in MASK_FOLDERS}
        for name in pngs:
            path = PurePosixPath(name)
            if path.parent.name in self._places:
                self._places[path.parent.name][path.stem] = name
        self.files = [name for places in self._places.values() for name in places.values()]

    def of(
        self, stem: str, size: tuple[int, int], turn: int = 0
    ) -> tuple[np.ndarray | None, np.ndarray | None, list[str]]:
        """Class map and object map, uint8 (H, W) each where they can be used, and the files they came from."""
        maps: list[np.ndarray | None] = []
        used = []
        for kind, places in self._places.items():
            name = places.get(stem)
            found = None
            if name is not None:
                used.append(name)
                most = len(self._classes) if kind == "SegmentationClass" else 254
                found = load_class_map(self._top / name, name, size, most, self._faults, turn)
            maps.append(found)
        return maps[0], maps[1], used


def with_masks(
    named: tuple[Named, ...], numbers: Mapping[str, int], classes: np.ndarray | None, objects: np.ndarray | None
) -> tuple[Marked, ...]:
    """The objects with their masks: object k of the XML is what the object map calls k + 1.

    An object map may tell of more objects than the XML; their class is the most frequent one of their pixels.
    """
    marked = [Marked(numbers[one.name], one.box) for one in named]
    if objects is None:
        return tuple(marked)
    places = {one.place: row for row, one in enumerate(named)}
    for value in np.unique(objects).tolist():
        if value in (0, 255):
            continue
        mask = objects == value
        row = places.get(value - 1)
        if row is not None:
            marked[row] = replace(marked[row], runs=runs_of(mask))
            continue
        seen = classes[mask] if classes is not None else np.zeros(0, np.uint8)
        seen = seen[(seen > 0) & (seen < 255)]
        around = extent(mask)
        if len(seen) and around is not None:
            marked.append(Marked(int(np.bincount(seen).argmax()) - 1, around, runs=runs_of(mask)))
    return tuple(marked)
