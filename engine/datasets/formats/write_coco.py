"""Writing COCO's JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from engine.datasets.annotation import Ring
from engine.datasets.formats.outlines import fill, united
from engine.datasets.formats.rle import compress, runs_of
from engine.datasets.formats.writing import FORMATS, PART_FOLDERS, DatasetFormat, Shown, shortest


@FORMATS.register("coco")
class CocoFormat(DatasetFormat):
    """Pictures in `images` (or `train`, `val`, `test`) and one JSON file for each of them in `annotations`.

    An outline is written as corners where they enclose the object's pixels, and else the pixels as run lengths.
    """

    label = "COCO JSON"
    help = "Boxes and masks in one JSON file, which most tools read."
    carries = ("labels", "boxes", "instances", "regions")
    needs = ("boxes",)
    source = "coco"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._images: dict[int, list[dict[str, Any]]] = {}
        self._objects: dict[int, list[dict[str, Any]]] = {}
        self._count = 0
        self._marks = 0

    def place(self, shown: Shown) -> str | None:
        if shown.known.boxes is None:
            self.faults.refuse(shown.name, "There are no boxes for this picture, so it was left out.")
            return None
        return f"{PART_FOLDERS[shown.part] or 'images'}/{shown.name}"

    def add(self, shown: Shown) -> None:
        known = shown.known
        assert known.boxes is not None
        assert known.box_labels is not None
        self._count += 1
        width, height = shown.size
        image = {"id": self._count, "file_name": shown.name, "width": width, "height": height}
        self._images.setdefault(shown.part, []).append(image)
        instances = shown.instances()
        for place in range(shown.count):
            x1, y1, x2, y2 = (shortest(value) for value in known.boxes[place])
            rings = known.outlines[place] if known.outlines else ()
            shape, area = _shape(rings, instances, place, shown.size)
            self._marks += 1
            record = {
                "id": self._marks,
                "image_id": self._count,
                "category_id": int(known.box_labels[place]) + 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": area if area else (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
                "segmentation": shape,
            }
            self._objects.setdefault(shown.part, []).append(record)

    def finish(self) -> None:
        categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(self.classes, 1)]
        for part, images in sorted(self._images.items()):
            word = PART_FOLDERS[part]
            head = {"description": "", "version": "1.0"}
            sections: dict[str, list[Any]] = {
                "images": images,
                "annotations": self._objects.get(part, []),
                "categories": categories,
            }
            # A record to a line, so that a person finds the line that a fault names.
            body = ",\n".join(
                f'"{name}": [\n' + ",\n".join(json.dumps(one, ensure_ascii=False) for one in records) + "\n]"
                for name, records in sections.items()
            )
            text = f'{{\n"info": {json.dumps(head)},\n"licenses": [],\n{body}\n}}\n'
            self.write(f"annotations/instances{'_' + word if word else ''}.json", text.encode())


def _shape(
    rings: tuple[Ring, ...], instances: np.ndarray | None, place: int, size: tuple[int, int]
) -> tuple[list[Any] | dict[str, Any], int]:
    """The segmentation of an object, and its pixels; empty and 0 where only the box is known."""
    width, height = size
    seen = instances == place + 1 if instances is not None else None
    if rings:
        mask = fill(rings, height, width)
        # COCO adds overlapping rings up, so a hole needs run lengths.
        told = mask.any() and np.array_equal(mask, united(rings, height, width))
        hidden = seen is None or (mask == seen)[(instances == 0) | seen].all()
        if told and hidden:
            return [[shortest(value) for value in ring.reshape(-1)] for ring in rings], int(mask.sum())
        if hidden and seen is not None and mask.sum() > seen.sum():
            seen = mask
    if seen is None or not seen.any():
        return [], 0
    return {"size": [height, width], "counts": compress(runs_of(seen))}, int(seen.sum())
