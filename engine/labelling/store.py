"""Labels on disk: `labels.json` in a folder with the pictures below it, written whole and read without trusting it.

Coordinates stand as text ("12 30.5 80 64"), so that large sets stay within the bounds of plain files:

    {"format": "vitrine-labels", "version": 1,
     "classes": [{"name": "cat", "colour": 0}],
     "pictures": [{"file": "pictures/1.png", "size": [640, 480], "checked": true, "labels": [0],
                   "objects": [{"class": 0, "box": "12 30.5 80 64"},
                               {"class": 0, "polygon": ["1 1 9 1 5 8"]},
                               {"class": 0, "mask": {"place": [3, 4, 10, 8], "runs": ["..."]}},
                               {"class": 0, "point": "40 41"}]}]}

`runs` are written as in `engine.labelling.runs`, cut into pieces.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

from engine.errors import BadInput
from engine.labelling import runs, shapes
from engine.labelling.spec import (
    COLOURS,
    MAX_CLASSES,
    MAX_CORNERS,
    MAX_NAME,
    MAX_OBJECTS,
    MAX_PICTURES,
    MAX_PIXELS,
    MAX_SIDE,
    Box,
    LabelClass,
    LabelledPicture,
    LabelObject,
    LabelSet,
    Mask,
    Point,
    Polygon,
    Shape,
)
from engine.project.atomic import write_atomic
from engine.project.plain import (
    MAX_BYTES,
    MAX_VALUES,
    Malformed,
    as_list,
    as_object,
    as_text,
    read_plain,
    refuse,
    shown,
)

FILE = "labels.json"
FOLDER = "labels"
"""The folder of a project's own labels."""
PICTURES = "pictures"
"""The folder of the pictures, below that of the labels."""
FORMAT = "vitrine-labels"
VERSION = 1

_MAX_FILE = 1_000  # characters of a file's name with its folders
_PIECE = 10_000  # characters of runs in one text
_KINDS = ("box", "polygon", "mask", "point")


def load(folder: Path) -> LabelSet:
    """Read the labels of a folder; an empty set when it has none yet.

    Raises `BadInput` that names the file and the place in it when it is malformed, too large or from a newer version.
    """
    path = Path(folder) / FILE
    if not path.exists():
        return LabelSet()
    try:
        return from_plain(read_plain(path))
    except Malformed as error:
        if FILE in error.what:
            raise
        raise Malformed(f"{FILE} cannot be opened. {error.what}", error.advice) from None


def save(folder: Path, labels: LabelSet) -> Path:
    """Write the labels of a folder, which is made if missing, atomically. Raises `BadInput` or `JobFailed`."""
    folder = Path(folder)
    data = _text(labels).encode("utf-8")
    if len(data) > MAX_BYTES or sum(data.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        raise BadInput(
            f"The labels of {len(labels.pictures):,} pictures are too many for one file.",
            "Export some of them, take those pictures out, and go on in another project.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The folder {folder} could not be made: {error.strerror or error}.", "Choose a place where you may write."
        ) from None
    path = folder / FILE
    write_atomic(path, data)
    return path


# to plain values


def _text(labels: LabelSet) -> str:
    """The file: a line for each picture, made one by one, since one call for all would hold up the whole program."""
    head, _, tail = _dumps(to_plain(labels.with_(pictures=()))).rpartition("[]")
    return f"{head}[{','.join(chr(10) + _dumps(_picture_plain(picture)) for picture in labels.pictures)}]{tail}\n"


def _dumps(plain: dict[str, Any]) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def to_plain(labels: LabelSet) -> dict[str, Any]:
    """The JSON form."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "classes": [{"name": one.name, "colour": one.colour} for one in labels.classes],
        "pictures": [_picture_plain(picture) for picture in labels.pictures],
    }


def _picture_plain(picture: LabelledPicture) -> dict[str, Any]:
    made: dict[str, Any] = {"file": picture.file, "size": [picture.width, picture.height]}
    if picture.checked:
        made["checked"] = True
    if picture.labels:
        made["labels"] = list(picture.labels)
    if picture.objects:
        made["objects"] = [{"class": one.label, **_shape_plain(one.shape)} for one in picture.objects]
    return made


def _shape_plain(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Box):
        return {"box": _numbers_text((shape.left, shape.top, shape.right, shape.bottom))}
    if isinstance(shape, Point):
        return {"point": _numbers_text((shape.x, shape.y))}
    if isinstance(shape, Polygon):
        rings = [[value for corner in ring for value in corner] for ring in shape.rings]
        return {"polygon": [_numbers_text(ring) for ring in rings]}
    text = runs.to_text(shape.runs)
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    return {"mask": {"place": [shape.left, shape.top, shape.width, shape.height], "runs": pieces}}


def _numbers_text(values: Any) -> str:
    return " ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in values)


# from plain values


def from_plain(plain: Any) -> LabelSet:
    """The labels in parsed JSON. Raises `Malformed` naming the place."""
    top = as_object(plain, "", ("format", "version", "classes", "pictures"), ("format", "version"))
    if top["format"] != FORMAT:
        refuse("format", f"must be {FORMAT!r}, not {shown(top['format'])}")
    if _count(top["version"], "version", 1, 10**6) > VERSION:
        raise Malformed(
            f"The labels are of version {top['version']}, newer than the {VERSION} that this Vitrine knows.",
            "Open them with a newer Vitrine.",
        )
    listed = _bounded(top.get("classes", []), "classes", MAX_CLASSES)
    classes = tuple(_class(one, f"classes[{number}]") for number, one in enumerate(listed))
    _distinct([one.name.casefold() for one in classes], "classes", "name")
    listed = _bounded(top.get("pictures", []), "pictures", MAX_PICTURES)
    pictures = tuple(_picture(one, f"pictures[{number}]", len(classes)) for number, one in enumerate(listed))
    _distinct([one.file for one in pictures], "pictures", "file")
    return LabelSet(classes, pictures)


def _class(plain: Any, where: str) -> LabelClass:
    made = as_object(plain, where, ("name", "colour"), ("name",))
    name = as_text(made["name"], f"{where}.name", MAX_NAME)
    if name != name.strip():
        refuse(f"{where}.name", "begins or ends with a space")
    return LabelClass(name, _count(made.get("colour", 0), f"{where}.colour", 0, COLOURS - 1))


def _picture(plain: Any, where: str, classes: int) -> LabelledPicture:
    made = as_object(plain, where, ("file", "size", "checked", "labels", "objects"), ("file", "size"))
    file = _file(made["file"], f"{where}.file")
    width, height = (_count(value, f"{where}.size", 1, MAX_SIDE) for value in as_list(made["size"], f"{where}.size", 2))
    if width * height > MAX_PIXELS:
        refuse(f"{where}.size", f"has more than {MAX_PIXELS:,} pixels")
    checked = made.get("checked", False)
    if not isinstance(checked, bool):
        refuse(f"{where}.checked", f"must be true or false, not {shown(checked)}")
    listed = _bounded(made.get("labels", []), f"{where}.labels", MAX_CLASSES)
    labels = tuple(_count(one, f"{where}.labels", 0, classes - 1) for one in listed)
    if list(labels) != sorted(set(labels)):
        refuse(f"{where}.labels", "must be ascending")
    listed = _bounded(made.get("objects", []), f"{where}.objects", MAX_OBJECTS)
    objects = tuple(
        _object(one, f"{where}.objects[{number}]", classes, width, height) for number, one in enumerate(listed)
    )
    return LabelledPicture(file, width, height, objects, labels, checked)


def _file(value: Any, where: str) -> str:
    """A path that stays below the folder, whatever the system."""
    file = as_text(value, where, _MAX_FILE)
    parts = file.split("/")
    if any(part in ("", ".", "..") for part in parts) or any(mark in file for mark in '\\:*?"<>|'):
        refuse(where, f"must be a path below the folder, not {shown(file)}")
    return file


def _object(plain: Any, where: str, classes: int, width: int, height: int) -> LabelObject:
    made = as_object(plain, where, ("class", *_KINDS), ("class",))
    label = _count(made["class"], f"{where}.class", 0, classes - 1)
    kinds = [kind for kind in _KINDS if kind in made]
    if len(kinds) != 1:
        refuse(where, f"must have one of {', '.join(_KINDS)}")
    shape = _shape(kinds[0], made[kinds[0]], f"{where}.{kinds[0]}", width, height)
    if shapes.tidied(shape, width, height) != shape:
        refuse(f"{where}.{kinds[0]}", f"must lie inside the {width}×{height} pixels of the picture")
    return LabelObject(label, shape)


def _shape(kind: str, plain: Any, where: str, width: int, height: int) -> Shape:
    if kind == "box":
        return Box(*_numbers(plain, where, 4))
    if kind == "point":
        return Point(*_numbers(plain, where, 2))
    if kind == "mask":
        return _mask(plain, where, width, height)
    rings = []
    left = MAX_CORNERS
    for number, one in enumerate(_bounded(plain, where, MAX_CORNERS // 3)):
        values = _numbers(one, f"{where}[{number}]")
        left -= len(values) // 2
        if len(values) < 6 or len(values) % 2 or left < 0:
            refuse(f"{where}[{number}]", f"must have 3 to {MAX_CORNERS:,} corners")
        rings.append(tuple(zip(values[::2], values[1::2], strict=True)))
    if not rings:
        refuse(where, "must have a ring")
    return Polygon(tuple(rings))


def _mask(plain: Any, where: str, width: int, height: int) -> Mask:
    made = as_object(plain, where, ("place", "runs"), ("place", "runs"))
    place = as_list(made["place"], f"{where}.place", 4)
    left, top = (_count(value, f"{where}.place", 0, MAX_SIDE) for value in place[:2])
    across, down = (_count(value, f"{where}.place", 1, MAX_SIDE) for value in place[2:])
    if left + across > width or top + down > height:
        refuse(f"{where}.place", f"must lie inside the {width}×{height} pixels of the picture")
    pieces = _bounded(made["runs"], f"{where}.runs", 10_000)
    if not all(isinstance(piece, str) for piece in pieces):
        refuse(f"{where}.runs", "must be texts")
    try:
        lengths = runs.from_text("".join(pieces), across * down)
    except ValueError as error:
        refuse(f"{where}.runs", f"cannot be read: {error}")
    if len(lengths) < 2:
        refuse(f"{where}.runs", "must paint something")
    return Mask(left, top, across, down, lengths)


def _numbers(plain: Any, where: str, count: int | None = None) -> list[float]:
    """Numbers of at most two decimals, separated by single spaces."""
    if not isinstance(plain, str):
        refuse(where, f"must be a text of numbers, not {shown(plain)}")
    parts = plain.split(" ")
    if count is not None and len(parts) != count:
        refuse(where, f"must have {count} numbers, not {len(parts)}")
    values = []
    for part in parts:
        plain_number = part.isascii() and part.replace(".", "", 1).isdigit() and len(part) <= 12
        value = float(part) if plain_number else math.nan
        if not plain_number or value > MAX_SIDE or round(value, 2) != value:
            refuse(where, f"must be numbers from 0 to {MAX_SIDE:,} with two decimals, not {shown(part)}")
        values.append(value)
    return values


def _count(value: Any, where: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        refuse(where, f"must be a whole number from {least} to {most}, not {shown(value)}")
    return value


def _bounded(value: Any, where: str, most: int) -> list[Any]:
    listed = as_list(value, where)
    if len(listed) > most:
        refuse(where, f"has {len(listed):,} entries, more than {most:,}")
    return listed


def _distinct(values: list[str], where: str, key: str) -> None:
    if len(set(values)) != len(values):
        twice, _ = Counter(values).most_common(1)[0]
        refuse(where, f"has the {key} {shown(twice)} twice")
