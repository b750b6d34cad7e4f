"""What was labelled in the window, written in every format and read again as data, is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.annotation import Annotation
from engine.datasets.base import DATASETS, PictureSet
from engine.datasets.formats.writing import FORMATS, WriteDatasetJob
from engine.datasets.sources.labelled import LabelledPictures
from engine.events import Event
from engine.labelling import edits
from engine.labelling.shapes import raster
from engine.labelling.spec import Box, LabelledPicture, LabelSet, Mask, Polygon, Shape

TOKEN = CancelSource().token
WIDTH, HEIGHT = 64, 48
OUTLINE = Polygon((((5.0, 5.0), (25.5, 8.25), (20.0, 30.0), (7.0, 26.0)),))
BLOT = Mask(40, 10, 12, 9, (14, 6, 5, 10, 3, 9, 4, 30, 6, 21))
BOXES = {"a": (0, Box(3.25, 2.5, 30.75, 40)), "b": (2, Box(0, 0, 64, 48)), "c": (1, Box(10, 12, 20, 22.5))}


def ignore(event: Event) -> None:
    """Nobody listens."""


def _labels(folder: Path, drawn: dict[str, list[tuple[int, Shape]]], whole: dict[str, int]) -> LabelSet:
    made = LabelSet()
    for number, name in enumerate("abcd"):
        path = folder / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
        made = edits.add_pictures(made, [LabelledPicture(f"pictures/{name}.png", WIDTH, HEIGHT)])
    for name in ("disc", "square", "a name, with “marks”"):
        made = edits.add_class(made, name)
    for name, objects in drawn.items():
        for label, shape in objects:
            made = edits.add_object(made, f"pictures/{name}.png", label, shape)
    for name, label in whole.items():
        made = edits.set_labels(made, f"pictures/{name}.png", [label])
    return made


def _written_and_read(tmp_path: Path, labels: LabelSet, format: str) -> tuple[PictureSet, dict[str, Annotation]]:
    pictures = LabelledPictures(tmp_path, labels)
    WriteDatasetJob(pictures, tmp_path / "out", format)(ignore, TOKEN)
    kind = DATASETS.get(FORMATS.get(format).source)
    fields = {"folder": str(tmp_path / "out")}
    if "file" in kind.model_fields and kind.model_fields["file"].is_required():
        fields["file"] = next((tmp_path / "out").glob("*.csv")).name
    found = kind(**fields).load(tmp_path, ignore, TOKEN)
    assert isinstance(found, PictureSet)
    return found, {Path(name).stem: found.annotation(place) for place, name in enumerate(found.names)}


@pytest.mark.parametrize("format", ["coco", "voc", "yolo", "table"])
def test_boxes_come_back_where_they_were_drawn(tmp_path: Path, format: str) -> None:
    labels = _labels(tmp_path, {name: [one] for name, one in BOXES.items()}, {})
    found, known = _written_and_read(tmp_path, labels, format)
    assert set(known) == set("abc"), "the picture without labels stays at home"
    for name, (label, box) in BOXES.items():
        told = known[name]
        assert told.boxes is not None
        assert told.box_labels is not None
        assert told.boxes[0] == pytest.approx([box.left, box.top, box.right, box.bottom], abs=1e-3)
        assert found.classes[int(told.box_labels[0])] == labels.names[label]


@pytest.mark.parametrize("format", ["coco", "voc", "masks"])
def test_outlines_and_masks_come_back_to_the_pixel(tmp_path: Path, format: str) -> None:
    labels = _labels(tmp_path, {"a": [(0, OUTLINE), (1, BLOT)], "b": [(2, BLOT)]}, {})
    found, known = _written_and_read(tmp_path, labels, format)
    for name, objects in (("a", [(0, OUTLINE), (1, BLOT)]), ("b", [(2, BLOT)])):
        wanted = np.zeros((HEIGHT, WIDTH), np.int64)
        for label, shape in objects:
            wanted[raster(shape, HEIGHT, WIDTH)] = 1 + found.classes.index(labels.names[label])
        regions = known[name].regions
        if regions is None:
            regions = _painted(known[name])
        # An outline's border may be taken to another side by half a pixel; a painted mask may not.
        assert np.mean(regions != wanted) <= (0.005 if format == "coco" else 0), name


def _painted(told: Annotation) -> np.ndarray:
    assert told.instances is not None
    assert told.box_labels is not None
    return np.concatenate([[0], told.box_labels + 1])[told.instances]


@pytest.mark.parametrize("format", ["folder", "table"])
def test_classes_of_whole_pictures_come_back(tmp_path: Path, format: str) -> None:
    labels = _labels(tmp_path, {}, {"a": 1, "b": 0, "d": 2})
    found, known = _written_and_read(tmp_path, labels, format)
    told = {Path(name).stem: found.classes[int(label)] for name, label in zip(found.names, found.labels, strict=True)}
    assert told == {"a": "square", "b": "disc", "d": labels.names[2]}
    assert set(known) == set("abd")
