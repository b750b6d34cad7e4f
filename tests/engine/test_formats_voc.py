"""Pascal VOC: ours is read by torchvision and Pillow, a set made without us by us."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from engine.errors import BadInput
from tests.helpers.annotated_sets import CLASSES, by_size, load, paint, shapes, write


def corners(record):
    """Of an object as torchvision gives it: x1 y1 x2 y2 with the first pixel at 0."""
    frame = {name: float(value) for name, value in record["bndbox"].items()}
    return frame["xmin"] - 1, frame["ymin"] - 1, frame["xmax"], frame["ymax"]


def test_what_we_write_torchvision_reads(tmp_path):
    from torchvision.datasets import VOCDetection, VOCSegmentation

    ours = shapes(6)
    home = tmp_path / "VOCdevkit"
    home.mkdir()
    written = write(ours, home / "VOC2012", "voc")
    assert (written.pictures, written.faults) == (6, ())
    boxes = VOCDetection(str(tmp_path), "2012", "trainval")
    pixels = VOCSegmentation(str(tmp_path), "2012", "trainval")
    assert len(boxes) == len(pixels) == 6
    for index in range(6):
        known = ours.annotation(index)
        picture, record = boxes[index]
        assert np.abs(np.asarray(picture).astype(int) - ours.picture(index)).mean() < 1
        found = record["annotation"].get("object", [])
        assert np.array_equal(np.array([corners(one) for one in found]).reshape(-1, 4), known.boxes)
        assert [CLASSES.index(one["name"]) for one in found] == known.box_labels.tolist()
        assert np.array_equal(np.asarray(pixels[index][1]), known.regions)
        stem = record["annotation"]["filename"].removesuffix(".jpg")
        objects = Image.open(home / "VOC2012" / "SegmentationObject" / f"{stem}.png")
        assert objects.mode == "P"
        assert np.array_equal(np.asarray(objects), known.instances)


def test_what_we_write_we_read_again_with_its_parts(tmp_path):
    ours = shapes(6, fixed=True)
    write(ours, tmp_path / "set", "voc")
    again = load("voc", tmp_path / "set")
    assert again.faults == ()
    assert (again.classes, again.gives) == (CLASSES, ours.gives)
    assert again.fixed.tolist() == ours.fixed.tolist()
    for index in range(6):
        one, two = ours.annotation(index), again.annotation(index)
        for name in ("boxes", "box_labels", "instances", "regions"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name


def test_boxes_between_pixels_come_back_exactly(tmp_path):
    ours = shapes(2)
    ours.known[0].boxes[:] += np.float32(0.123456)
    ours.gives = ("labels", "boxes")
    write(ours, tmp_path / "set", "voc")
    again = load("voc", tmp_path / "set")
    assert np.array_equal(again.annotation(0).boxes, ours.annotation(0).boxes)


def voc_file(folder, stem, objects, size=(50, 40)):
    """An XML file made with Python's own writer."""
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = f"{stem}.jpg"
    frame = ET.SubElement(root, "size")
    for name, value in zip(("width", "height", "depth"), (*size, 3), strict=True):
        ET.SubElement(frame, name).text = str(value)
    for name, box in objects:
        element = ET.SubElement(root, "object")
        ET.SubElement(element, "name").text = name
        ET.SubElement(element, "difficult").text = "0"
        bounds = ET.SubElement(element, "bndbox")
        for corner, value in zip(("xmax", "xmin", "ymax", "ymin"), (box[2], box[0], box[3], box[1]), strict=True):
            ET.SubElement(bounds, corner).text = str(value)
    ET.indent(root)
    path = folder / "Annotations" / f"{stem}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    paint(folder / "JPEGImages" / f"{stem}.jpg", *size)
    return path


def palette_png(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers)
    image.putpalette(list(range(256)) * 3)
    image.save(path)


def test_the_challenges_own_numbers_and_ignored_borders(tmp_path):
    voc_file(tmp_path, "a", [("person", (1, 1, 10, 20)), ("cat", (21, 11, 40, 30))])
    voc_file(tmp_path, "b", [("dog", (5, 5, 8, 9))])
    kinds, objects = np.zeros((40, 50), np.uint8), np.zeros((40, 50), np.uint8)
    kinds[0:20, 0:10], kinds[10:30, 20:40], kinds[20, :] = 15, 8, 255
    objects[0:20, 0:10], objects[10:30, 20:40], objects[20, :] = 1, 2, 255
    palette_png(tmp_path / "SegmentationClass" / "a.png", kinds)
    palette_png(tmp_path / "SegmentationObject" / "a.png", objects)
    ours = load("voc", tmp_path)
    assert len(ours.classes) == 20
    known = ours.annotation(ours.names.index("JPEGImages/a.jpg"))
    assert by_size(known.boxes, known.box_labels) == by_size([(0, 0, 10, 20), (20, 10, 40, 30)], [14, 7])
    assert np.array_equal(known.regions, kinds)
    assert np.array_equal(known.instances, np.where(objects == 255, 0, objects))
    bare = ours.annotation(ours.names.index("JPEGImages/b.jpg"))
    assert set(np.unique(bare.regions)) == {0, 255}
    assert bare.boxes.tolist() == [[4, 4, 8, 9]]


def test_tools_that_count_from_zero(tmp_path):
    voc_file(tmp_path, "a", [("cat", (0, 0, 10, 20))])
    assert load("voc", tmp_path, from_one=False).annotation(0).boxes.tolist() == [[0, 0, 10, 20]]


def test_folders_of_parts_with_everything_in_one_place(tmp_path):
    for part in ("train", "valid"):
        voc_file(tmp_path, f"{part}1", [("cat", (1, 1, 9, 9))])
        (tmp_path / part).mkdir()
        shutil.move(tmp_path / "Annotations" / f"{part}1.xml", tmp_path / part)
        shutil.move(tmp_path / "JPEGImages" / f"{part}1.jpg", tmp_path / part)
    ours = load("voc", tmp_path)
    assert (ours.names, ours.fixed.tolist()) == (("train/train1.jpg", "valid/valid1.jpg"), [0, 1])
    assert ours.gives == ("label", "labels", "boxes")


def test_entities_are_never_expanded(tmp_path):
    path = voc_file(tmp_path, "a", [("cat", (1, 1, 9, 9))])
    voc_file(tmp_path, "b", [("cat", (1, 1, 9, 9))])
    bomb = '<!DOCTYPE x [\n<!ENTITY a "' + "b" * 99 + '">\n<!ENTITY c "&a;&a;&a;&a;">]>\n'
    path.write_text(path.read_text().replace("<annotation>", bomb + "<annotation>").replace(">cat<", ">&c;<"))
    ours = load("voc", tmp_path)
    assert ours.names == ("JPEGImages/b.jpg",)
    (fault,) = ours.faults
    assert (fault.name, fault.line, fault.repaired) == ("Annotations/a.xml", 3, False)
    assert "declares entities" in fault.reason


def test_a_set_without_use(tmp_path):
    with pytest.raises(BadInput, match="holds no XML file"):
        load("voc", tmp_path)
    path = voc_file(tmp_path, "a", [("cat", (1, 1, 9, 9))])
    path.write_text("<html/>")
    with pytest.raises(BadInput, match=r"no picture with objects.*Annotations/a\.xml:1: The file is no Pascal VOC"):
        load("voc", tmp_path)


def test_the_fingerprint_follows_the_annotations(tmp_path):
    path = voc_file(tmp_path, "a", [("cat", (1, 1, 9, 9))])
    before = load("voc", tmp_path).fingerprint()
    assert load("voc", tmp_path).fingerprint() == before
    path.write_text(path.read_text().replace(">9<", ">8<"))
    assert load("voc", tmp_path).fingerprint() != before
