"""Good annotation files of every format, made without the product, and what can go wrong in each of them.

A case damages one thing in one file and knows which line a person would have to look at.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

WIDTH, HEIGHT = 60, 40
PICTURES, OBJECTS = 4, 3
CLASSES = ("cat", "dog")


@dataclass(frozen=True)
class Damaged:
    """What was done.

    Attributes:
        file: the file that a fault has to name, below the folder.
        lines: the lines of which it has to name one; empty where the file has none.
        repaired: whether everything is still there in some form.
        picture: number of the picture concerned; None where it may be any.
        thing: number of the object concerned; None where it is the whole picture.
    """

    file: str
    lines: tuple[int, ...]
    repaired: bool
    picture: int | None
    thing: int | None


def box(picture: int, thing: int) -> tuple[int, int, int, int]:
    return 2 + 14 * thing + picture, 3 + 6 * thing, 12 + 14 * thing + picture, 15 + 6 * thing


def label(picture: int, thing: int) -> int:
    return (picture + thing) % 2


def save_picture(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), 40 * number + 9, np.uint8)).save(path)


def pairs() -> list[tuple[int, int]]:
    return [(picture, thing) for picture in range(PICTURES) for thing in range(OBJECTS)]


# -- COCO: a record to a line

Record = dict[str, object]


def coco_records() -> dict[str, list[Record]]:
    objects: list[Record] = []
    for picture, thing in pairs():
        x1, y1, x2, y2 = box(picture, thing)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[y1:y2, x1:x2] = 1
        packed = coco_mask.encode(np.asfortranarray(mask))
        shape: object = [[x1, y1, x2, y1, x2, y2, x1, y2]]
        if thing == 1:
            shape = {"size": [HEIGHT, WIDTH], "counts": packed["counts"].decode()}
        objects.append({
            "id": len(objects) + 1, "image_id": picture + 1, "category_id": label(picture, thing) + 1,
            "bbox": [x1, y1, x2 - x1, y2 - y1], "segmentation": shape if thing < 2 else [], "iscrowd": 0,
        })  # fmt: skip
    images = [{"id": n + 1, "file_name": f"p{n}.png", "width": WIDTH, "height": HEIGHT} for n in range(PICTURES)]
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)]
    return {"images": images, "categories": categories, "annotations": objects}  # type: ignore[dict-item]


def coco_lines(records: dict[str, list[Record]]) -> tuple[list[str], dict[tuple[str, int], int]]:
    """The file's lines, and the number of each record's, from 1."""
    lines = ["{"]
    places = {}
    for section, found in records.items():
        lines.append(f'"{section}": [')
        for number, record in enumerate(found):
            lines.append(json.dumps(record) + ("," if number + 1 < len(found) else ""))
            places[section, number] = len(lines)
        lines.append("]" if section == "annotations" else "],")
    return [*lines, "}"], places


def put(**values: object) -> Callable[[Record], None]:
    return lambda record: record.update(values)


def drop(*names: str) -> Callable[[Record], None]:
    return lambda record: [record.pop(name) for name in names] and None


INF, NAN = float("inf"), float("nan")
# What happens to an object: whether it is still there afterwards, and the damage.
COCO_OBJECT: dict[str, tuple[bool, Callable[[Record], None]]] = {
    "box of text": (False, put(bbox=["a", "b", "c", "d"], segmentation=[])),
    "box of three": (False, put(bbox=[1, 2, 3], segmentation=[])),
    "box of nothing": (False, put(bbox=None, segmentation=None)),
    "box not a number": (False, put(bbox=[NAN, 2, 3, 4], segmentation=[])),
    "box without end": (False, put(bbox=[1, 2, INF, 4], segmentation=[])),
    "box of 400 digits": (False, put(bbox=[1, 2, 10**400, 4], segmentation=[])),
    "box far away": (False, put(bbox=[1e9, 2, 3, 4], segmentation=[])),
    "box outside": (False, put(bbox=[70, 50, 3, 4], segmentation=[])),
    "box without area": (False, put(bbox=[7, 5, 0, 4], segmentation=[])),
    "box of lists": (False, put(bbox=[[1], [2], [3], [4]], segmentation=[])),
    "box sticks out": (True, put(bbox=[40, 20, 99, 99], segmentation=[])),
    "box backwards": (True, put(bbox=[20, 20, -8, 9], segmentation=[])),
    "box lost beside a mask": (True, put(bbox=[], segmentation=[[2, 2, 9, 2, 9, 9]])),
    "class unknown": (False, put(category_id=77)),
    "class of text": (False, put(category_id={"a": 1})),
    "picture unknown": (False, put(image_id=4711)),
    "picture of no kind": (False, put(image_id=[1])),
    "picture missing": (False, drop("image_id")),
    "corners odd": (True, put(segmentation=[[1, 2, 3, 4, 5, 6, 7]])),
    "corners of text": (True, put(segmentation=[["x"] * 8])),
    "corners not numbers": (True, put(segmentation=[[1, 2, NAN, 4, 5, 6]])),
    "corners far out": (True, put(segmentation=[[1, 2, 1e200, 4, 5, 9]])),
    "corners no list": (True, put(segmentation="round")),
    "runs for another size": (True, put(segmentation={"size": [9, 9], "counts": [81]})),
    "runs too few": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": [5, 6, 7]})),
    "runs below zero": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": [-5, 2405]})),
    "runs of text": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": ["1", None]})),
    "runs cut off": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": "o"})),
    "runs of strange signs": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": "é~\n"})),
    "runs of huge numbers": (True, put(segmentation={"size": [HEIGHT, WIDTH], "counts": [10**40, 1]})),
}
COCO_PICTURE: dict[str, tuple[bool, Callable[[Record], None]]] = {
    "picture file missing": (False, put(file_name="gone.png")),
    "picture file above": (False, put(file_name="../secret.png")),
    "picture file absolute": (False, put(file_name="/etc/hostname.png")),
    "picture file of another kind": (False, put(file_name=5)),
    "picture size wrong": (False, put(width=999)),
    "picture size of text": (True, put(height="tall")),
    "picture id twice": (False, put(id=(1))),
    "picture id missing": (False, drop("id")),
}
COCO_TEXT: dict[str, Callable[[str], str]] = {
    "comma missing": lambda line: line.removesuffix(","),
    "brace missing": lambda line: "".join(line.rsplit("}", 1)),
    "quote missing": lambda line: line.replace('"image_id"', '"image_id', 1),
    "colon missing": lambda line: line.replace('"bbox":', '"bbox"', 1),
    "number with letters": lambda line: line.replace('"iscrowd": 0', '"iscrowd": 0x1g', 1),
    "record is a number": lambda line: "17" + ("," if line.endswith(",") else ""),
    "record is a list": lambda line: "[1, 2]" + ("," if line.endswith(",") else ""),
    "record of nulls": lambda line: "null" + ("," if line.endswith(",") else ""),
    "lists without end": lambda line: line.replace('"iscrowd": 0', '"iscrowd": ' + "[" * 100_000, 1),
    "control signs": lambda line: line.replace("iscrowd", "is\0crowd", 1).replace("bbox", "\x01", 1),
}


def damage_coco(folder: Path, kind: str, draw: random.Random) -> Damaged:
    for number in range(PICTURES):
        save_picture(folder / f"p{number}.png", number)
    records = coco_records()
    picture, thing = draw.randrange(1, PICTURES), draw.randrange(OBJECTS)
    place = pairs().index((picture, thing))
    if kind in COCO_OBJECT:
        repaired, change = COCO_OBJECT[kind]
        change(records["annotations"][place])
        where, whole = ("annotations", place), False
    elif kind in COCO_PICTURE:
        repaired, change = COCO_PICTURE[kind]
        change(records["images"][picture])
        where, whole = ("images", picture), not repaired
    elif kind == "object id twice":
        records["annotations"][place]["id"] = 1
        repaired, where, whole = False, ("annotations", place), False
    elif kind == "class without a name":
        records["categories"].append({"id": 9, "name": None})
        repaired, where, whole = True, ("categories", 2), False
    elif kind == "class id twice":
        records["categories"].append({"id": 1, "name": "bird"})
        repaired, where, whole = True, ("categories", 2), False
    else:
        place = min(place, len(pairs()) - 2)
        repaired, where, whole = False, ("annotations", place), False
    lines, places = coco_lines(records)
    line = places[where]
    found: tuple[int, ...] = (line,)
    if kind in COCO_TEXT:
        repaired = kind == "comma missing"
        lines[line - 1] = COCO_TEXT[kind](lines[line - 1])
        found = (line, line + 1)
        picture, thing = pairs()[place]
    text = "\n".join(lines)
    if kind == "file cut off":
        text = text[: sum(len(one) + 1 for one in lines[: line - 1]) + 20]
        # Everything behind the cut is gone.
        return _written(folder, text, Damaged("set.json", (line,), False, None, place))
    return _written(folder, text, Damaged("set.json", found, repaired, picture, None if whole else thing))


def _written(folder: Path, text: str, damaged: Damaged) -> Damaged:
    (folder / damaged.file).write_text(text, encoding="utf-8")
    return damaged


# -- VOC: an XML file each, whose object k begins on line 9 + 9 k


def voc_lines(picture: int) -> list[str]:
    lines = ["<annotation>", f"<filename>p{picture}.png</filename>", "<source/>", "<size>", f"<width>{WIDTH}</width>",
             f"<height>{HEIGHT}</height>", "<depth>3</depth>", "</size>"]  # fmt: skip
    for thing in range(OBJECTS):
        x1, y1, x2, y2 = box(picture, thing)
        lines += ["<object>", f"<name>{CLASSES[label(picture, thing)]}</name>", "<bndbox>"]
        lines += [f"<xmin>{x1 + 1}</xmin>", f"<ymin>{y1 + 1}</ymin>", f"<xmax>{x2}</xmax>", f"<ymax>{y2}</ymax>"]
        lines += ["</bndbox>", "</object>"]
    return [*lines, "</annotation>"]


# Of an object: whether it stays, the line within it that is meant, and the texts for lines of it.
VOC_OBJECT: dict[str, tuple[bool, int, dict[int, str]]] = {
    "corner not a number": (False, 3, {3: "<xmin>nan</xmin>"}),
    "corner without end": (False, 5, {5: "<xmax>1e999</xmax>"}),
    "corner of text": (False, 4, {4: "<ymin>top</ymin>"}),
    "corner missing": (False, 2, {6: "<!-- -->"}),
    "corner empty": (False, 6, {6: "<ymax/>"}),
    "corner huge": (False, 2, {5: f"<xmax>{10**30}</xmax>"}),
    "box outside": (False, 2, {3: "<xmin>90</xmin>", 5: "<xmax>99</xmax>"}),
    "corner of two numbers": (False, 4, {4: "<ymin>5 6</ymin>"}),
    "box sticks out": (True, 2, {5: "<xmax>600</xmax>"}),
    "box begins before": (True, 2, {3: "<xmin>-5</xmin>"}),
    "box backwards": (True, 2, {3: "<xmin>59</xmin>"}),
    "name missing": (False, 0, {1: ""}),
    "name empty": (False, 0, {1: "<name>  </name>"}),
    "name of 300 letters": (False, 0, {1: f"<name>{'x' * 300}</name>"}),
    "box missing": (False, 0, {2: "<frame>", 7: "</frame>"}),
}
# Of a file: whether the picture stays, the line, and the text put for that line.
VOC_FILE: dict[str, tuple[bool, int, str]] = {
    "picture missing": (True, 2, "<filename>gone.png</filename>"),
    "picture above": (False, 2, "<filename>../p1.png</filename>"),
    "picture absolute": (False, 2, "<filename>/p1.png</filename>"),
    "size wrong": (True, 4, "<size><width>7</width><height>9</height></size><size>"),
    "size of text": (True, 4, "<size><width>wide</width><height>9</height></size><size>"),
    "another root": (False, 1, "<html><annotation>"),
    "entity": (False, 1, '<!DOCTYPE a [<!ENTITY b "c">]><annotation>'),
    "entity from outside": (False, 1, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><annotation>'),
    "no XML": (False, 1, "annotation: none"),
    "a sign that XML forbids": (False, 1, "<annot\x02ation>"),
    "elements without end": (False, 1, "<annotation>" + "<a>" * 200),
}
VOC_CUT = {"tag never closed": "<object><name>cat", "tag closed twice": "</annotation></annotation>",
           "ampersand": "<note>a & b</note>", "bytes of another code": "<note>\udce9\udcff</note>"}  # fmt: skip


def damage_voc(folder: Path, kind: str, draw: random.Random) -> Damaged:
    picture, thing = draw.randrange(PICTURES), draw.randrange(OBJECTS)
    for number in range(PICTURES):
        save_picture(folder / "images" / f"p{number}.png", number)
    file = f"xml/p{picture}.xml"
    files = {f"xml/p{number}.xml": voc_lines(number) for number in range(PICTURES)}
    lines = files[file]
    damaged = Damaged(file, (1,), False, picture, None)
    if kind in VOC_OBJECT:
        repaired, within, texts = VOC_OBJECT[kind]
        begin = 9 + 9 * thing
        for offset, text in texts.items():
            lines[begin + offset - 1] = text
        damaged = Damaged(file, (begin + within,), repaired, picture, thing)
    elif kind in VOC_FILE:
        repaired, line, text = VOC_FILE[kind]
        lines[line - 1] = text
        damaged = Damaged(file, (line,), repaired, picture, OBJECTS if repaired else None)
    elif kind in VOC_CUT:
        # Before the last object, so that the ones before it can be kept.
        line = 9 + 9 * (OBJECTS - 1)
        del lines[line - 1 :]
        lines.append(VOC_CUT[kind])
        damaged = Damaged(file, (line, line + 1), False, picture, OBJECTS - 1)
    elif kind == "file empty":
        lines.clear()
    else:
        (folder / "images" / f"p{picture}.png").write_bytes(b"no picture" if kind == "picture damaged" else b"")
        damaged = Damaged(file, (2,), False, picture, None)
    for name, found in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes("\n".join(found).encode("utf-8", "surrogateescape"))
    return damaged


# -- YOLO: an object to a line


def yolo_line(picture: int, thing: int) -> str:
    x1, y1, x2, y2 = box(picture, thing)
    if thing == 1:
        corners = ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        return " ".join([str(label(picture, thing)), *(f"{x / WIDTH:.9f} {y / HEIGHT:.9f}" for x, y in corners)])
    shares = (x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT, (x2 - x1) / WIDTH, (y2 - y1) / HEIGHT
    return " ".join([str(label(picture, thing)), *(f"{share:.9f}" for share in shares)])


YOLO_LINE: dict[str, tuple[bool, str]] = {
    "not a number": (False, "0 nan .5 .1 .1"), "without end": (False, "0 .5 inf .1 .1"),
    "text": (False, "cat .5 .5 .1 .1"), "a word among numbers": (False, "0 .5 .5 wide .1"),
    "three numbers": (False, "0 .5 .5 .1"), "six numbers": (False, "0 .5 .5 .1 .1 .9 7 8"),
    "class unknown": (False, "2 .5 .5 .1 .1"), "class below zero": (False, "-1 .5 .5 .1 .1"),
    "class in between": (False, "0.5 .5 .5 .1 .1"), "class huge": (False, "99999999999 .5 .5 .1 .1"),
    "no width": (False, "0 .5 .5 0 .1"), "width below zero": (False, "0 .5 .5 -.1 .1"),
    "outside": (False, "0 3.5 .5 .1 .1"), "pixels": (False, "0 350 210 40 30"), "commas": (False, "0,.5,.5,.1,.1"),
    "class alone": (False, "1"), "a zero byte": (False, "0 .5 .5\0 .1 .1"), "outline outside": (False, "0 2 2 3 2 3 3"),
    "outline without area": (False, "0 .1 .1 .1 .5 .1 .9"), "sticks out": (True, "1 .95 .5 .3 .3"),
    "outline sticks out": (True, "1 .9 .5 1.4 .5 1.4 .9"), "bytes of another code": (False, "\udce9 .5 .5 .1 .1"),
}  # fmt: skip


def damage_yolo(folder: Path, kind: str, draw: random.Random) -> Damaged:
    picture, thing = draw.randrange(PICTURES), draw.randrange(OBJECTS)
    (folder / "labels").mkdir(parents=True)
    (folder / "classes.txt").write_text("\n".join(CLASSES))
    file = f"labels/p{picture}.txt"
    damaged = Damaged(file, (thing + 1,), False, picture, thing)
    for number in range(PICTURES):
        save_picture(folder / "images" / f"p{number}.png", number)
        lines = [yolo_line(number, one) for one in range(OBJECTS)]
        if number == picture and kind in YOLO_LINE:
            repaired, lines[thing] = YOLO_LINE[kind]
            damaged = Damaged(file, (thing + 1,), repaired, picture, thing)
        elif number == picture and kind == "line twice":
            lines.append(lines[thing])
            damaged = Damaged(file, (OBJECTS + 1,), True, picture, None)
        text = "\n".join(lines).encode("utf-8", "surrogateescape")
        (folder / "labels" / f"p{number}.txt").write_bytes(text)
    if kind == "picture missing":
        (folder / "images" / f"p{picture}.png").unlink()
        return Damaged(file, (1,), False, picture, None)
    if kind == "picture damaged":
        (folder / "images" / f"p{picture}.png").write_bytes(b"\x89PNG nothing")
        return Damaged(f"images/p{picture}.png", (), False, picture, None)
    return damaged
