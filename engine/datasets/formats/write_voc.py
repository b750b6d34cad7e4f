"""Writing Pascal VOC's XML and PNGs."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from engine.datasets.formats.boxes import Box
from engine.datasets.formats.objects import MOST_REGION_CLASSES
from engine.datasets.formats.writing import FORMATS, PART_FOLDERS, DatasetFormat, Shown, shortest

_MOST_OBJECTS = 254


@FORMATS.register("voc")
class VocFormat(DatasetFormat):
    """JPEGs in `JPEGImages`, an XML file each in `Annotations`, masks in `SegmentationClass` and `SegmentationObject`.

    Pixels count from 1, as in the challenge. Lists in `ImageSets` tell the parts, and classes.txt the classes in the
    order of their numbers in the PNGs.
    """

    label = "Pascal VOC XML"
    help = "Boxes in one XML file to a picture, masks in PNGs; pictures become JPEG files."
    carries = ("labels", "boxes", "instances", "regions")
    needs = ("boxes",)
    source = "voc"
    jpeg = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._stems: list[tuple[str, int, bool]] = []

    def place(self, shown: Shown) -> str | None:
        if shown.known.boxes is None:
            self.faults.refuse(shown.name, "There are no boxes for this picture, so it was left out.")
            return None
        return f"JPEGImages/{shown.name}"

    def add(self, shown: Shown) -> None:
        known = shown.known
        assert known.boxes is not None
        assert known.box_labels is not None
        instances, regions = shown.instances(), shown.regions()
        masked = regions is not None and len(self.classes) <= MOST_REGION_CLASSES
        if masked and regions is not None:
            self.write_map(f"SegmentationClass/{shown.stem}.png", regions)
        if instances is not None and shown.count <= _MOST_OBJECTS:
            self.write_map(f"SegmentationObject/{shown.stem}.png", instances.astype(np.uint8))
        elif instances is not None:
            self.faults.repair(
                shown.name,
                f"It has more than {_MOST_OBJECTS} objects, so only their boxes were written, not their masks.",
            )
        boxes = zip(known.boxes.tolist(), known.box_labels.tolist(), strict=True)
        objects = "".join(_object(self.classes[label], (x1, y1, x2, y2)) for (x1, y1, x2, y2), label in boxes)
        width, height = shown.size
        text = (
            f"<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{escape(shown.name)}</filename>\n"
            f"  <size>\n    <width>{width}</width>\n    <height>{height}</height>\n    <depth>3</depth>\n  </size>\n"
            f"  <segmented>{int(masked)}</segmented>\n{objects}</annotation>\n"
        )
        self.write(f"Annotations/{shown.stem}.xml", text.encode())
        self._stems.append((shown.stem, shown.part, masked))

    def finish(self) -> None:
        for kind, stems in (
            ("Main", [(stem, part) for stem, part, _ in self._stems]),
            ("Segmentation", [(stem, part) for stem, part, masked in self._stems if masked]),
        ):
            lists = {"trainval": [stem for stem, part in stems if part != 2]}
            for number, word in PART_FOLDERS.items():
                if word:
                    lists[word] = [stem for stem, part in stems if part == number]
            for word, found in lists.items():
                if found:
                    self.write(f"ImageSets/{kind}/{word}.txt", "".join(f"{stem}\n" for stem in found).encode())
        self.write("classes.txt", "".join(f"{name}\n" for name in self.classes).encode())


def _object(name: str, box: Box) -> str:
    x1, y1, x2, y2 = (float(shortest(value)) for value in box)
    corners = zip(("xmin", "ymin", "xmax", "ymax"), (x1 + 1, y1 + 1, x2, y2), strict=True)
    frame = "".join(f"      <{corner}>{value:.10g}</{corner}>\n" for corner, value in corners)
    return (
        f"  <object>\n    <name>{escape(name)}</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n"
        f"    <difficult>0</difficult>\n    <bndbox>\n{frame}    </bndbox>\n  </object>\n"
    )
