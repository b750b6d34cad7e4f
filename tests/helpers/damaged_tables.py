"""Damaged CSV tables and mask PNGs, and the list of all cases of damage."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.damaged_annotations import (
    CLASSES,
    COCO_OBJECT,
    COCO_PICTURE,
    COCO_TEXT,
    HEIGHT,
    OBJECTS,
    PICTURES,
    VOC_CUT,
    VOC_FILE,
    VOC_OBJECT,
    WIDTH,
    YOLO_LINE,
    Damaged,
    box,
    damage_coco,
    damage_voc,
    damage_yolo,
    label,
    pairs,
    save_picture,
)

# -- CSV: a box to a line, below a header

TABLE_ROW: dict[str, tuple[bool, str]] = {
    "not a number": (False, "{p},nan,2,9,9,cat"), "without end": (False, "{p},1,2,inf,9,cat"),
    "text": (False, "{p},left,2,9,9,cat"), "empty field": (False, "{p},1,,9,9,cat"),
    "no label": (False, "{p},1,2,9,9,"),
    "a column too few": (False, "{p},1,2,9,cat"), "a column too many": (False, "{p},1,2,9,9,cat,?"),
    "quotation mark": (False, '"{p},1,2,9,9,cat'), "a zero byte": (False, "{p},1,\0,9,9,cat"),
    "picture missing": (False, "gone.png,1,2,9,9,cat"), "path above": (False, "../{p},1,2,9,9,cat"),
    "path absolute": (False, "/{p},1,2,9,9,cat"), "path empty": (False, ",1,2,9,9,cat"),
    "drive": (False, "C:\\{p},1,2,9,9,cat"), "outside": (False, "{p},90,2,99,9,cat"),
    "no area": (False, "{p},5,2,5,9,cat"), "huge": (False, "{p},1,2,1e200,9,cat"),
    "semicolons": (False, "{p};1;2;9;9;cat"),
    "label of 300 letters": (False, "{p},1,2,9,9," + "x" * 300), "sticks out": (True, "{p},1,2,99,9,cat"),
    "backwards": (True, "{p},9,9,1,2,cat"), "bytes of another code": (True, "{p},1,2,9,9,cat\udce9"),
}  # fmt: skip


def damage_table(folder: Path, kind: str, draw: random.Random) -> Damaged:
    lines = ["path,x1,y1,x2,y2,label"]
    for picture, thing in pairs():
        lines.append(f"p{picture}.png,{','.join(map(str, box(picture, thing)))},{CLASSES[label(picture, thing)]}")
    for number in range(PICTURES):
        save_picture(folder / f"p{number}.png", number)
    picture, thing = draw.randrange(PICTURES), draw.randrange(OBJECTS)
    line = pairs().index((picture, thing)) + 2
    damaged = Damaged("boxes.csv", (line,), False, picture, thing)
    if kind in TABLE_ROW:
        repaired, text = TABLE_ROW[kind]
        lines[line - 1] = text.replace("{p}", f"p{picture}.png")
        damaged = Damaged("boxes.csv", (line,), repaired, picture, thing)
    elif kind == "row twice":
        lines.append(lines[line - 1])
        damaged = Damaged("boxes.csv", (len(lines),), True, picture, None)
    else:
        (folder / f"p{picture}.png").write_bytes(b"GIF89a")
        damaged = Damaged("boxes.csv", (pairs().index((picture, 0)) + 2,), False, picture, None)
    (folder / "boxes.csv").write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return damaged


# -- masks: a PNG each

MASKS = ("cut off", "empty", "text", "colours", "another size", "number unknown", "numbers of 16 bits", "missing",
         "picture missing", "picture damaged", "bomb")  # fmt: skip


def mask(picture: int) -> np.ndarray:
    numbers = np.zeros((HEIGHT, WIDTH), np.uint8)
    for thing in range(OBJECTS):
        x1, y1, x2, y2 = box(picture, thing)
        numbers[y1:y2, x1:x2] = label(picture, thing) + 1
    return numbers


def damage_masks(folder: Path, kind: str, draw: random.Random) -> Damaged:
    picture = draw.randrange(PICTURES)
    (folder / "masks").mkdir(parents=True)
    (folder / "classes.txt").write_text("\n".join(("background", *CLASSES)))
    for number in range(PICTURES):
        save_picture(folder / "images" / f"p{number}.png", number)
        Image.fromarray(mask(number)).save(folder / "masks" / f"p{number}.png")
    image, path = folder / "images" / f"p{picture}.png", folder / "masks" / f"p{picture}.png"
    numbers = mask(picture)
    wanted = f"masks/p{picture}.png"
    if kind in ("cut off", "empty", "text"):
        path.write_bytes({"cut off": path.read_bytes()[:-40], "empty": b"", "text": b"1 2 3"}[kind])
    elif kind == "colours":
        Image.fromarray(np.stack([numbers * 100, numbers, numbers], axis=-1)).save(path)
    elif kind == "another size":
        Image.fromarray(numbers[::2, ::2]).save(path)
    elif kind == "number unknown":
        numbers[5:9, 5:9] = draw.randrange(3, 255)
        Image.fromarray(numbers).save(path)
        return Damaged(wanted, (), True, picture, 0)
    elif kind == "numbers of 16 bits":
        Image.fromarray(numbers.astype(np.uint16) * 999).save(path)
    elif kind == "bomb":
        # The header promises more pixels than any picture may have.
        data = bytearray(path.read_bytes())
        data[16:24] = (60_000).to_bytes(4, "big") * 2
        path.write_bytes(bytes(data))
    elif kind == "missing":
        path.unlink()
        wanted = f"images/p{picture}.png"
    elif kind == "picture missing":
        image.unlink()
    else:
        image.write_bytes(b"\xff\xd8\xff nothing")
        wanted = f"images/p{picture}.png"
    return Damaged(wanted, (), False, picture, None)


# -- all of them

Make = Callable[[Path, str, random.Random], Damaged]
KINDS: dict[str, tuple[Make, tuple[str, ...]]] = {
    "coco": (damage_coco, (*COCO_OBJECT, *COCO_PICTURE, *COCO_TEXT, "object id twice", "class without a name",
                           "class id twice", "file cut off")),
    "voc": (damage_voc, (*VOC_OBJECT, *VOC_FILE, *VOC_CUT, "file empty", "picture damaged", "picture empty")),
    "yolo": (damage_yolo, (*YOLO_LINE, "line twice", "picture missing", "picture damaged")),
    "table": (damage_table, (*TABLE_ROW, "row twice", "picture damaged")),
    "masks": (damage_masks, MASKS),
}  # fmt: skip
COUNT = 200


def cases() -> list[tuple[str, str, int]]:
    """Format, kind and seed of every case: each kind once, and then again elsewhere until there are enough."""
    kinds = [(format, kind) for format, (_, names) in KINDS.items() for kind in names]
    return [(*kinds[number % len(kinds)], number) for number in range(max(COUNT, len(kinds)))]
