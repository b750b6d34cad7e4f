"""YOLO's text files: ours is read by ten independent lines, a set made without us by us."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.datasets.formats.class_names import read_yaml_names
from engine.datasets.formats.faults import Faults
from engine.errors import BadInput
from tests.helpers.annotated_sets import CLASSES, by_size, load, paint, shapes, write


def read_independently(text, width, height):
    """Class, box and corners of every line."""
    found = []
    for line in text.splitlines():
        label, *rest = line.split()
        points = np.array(rest, float).reshape(-1, 2) * [width, height]
        if len(points) == 2:
            points = np.array([points[0] - points[1] / 2, points[0] + points[1] / 2])
            found.append((int(label), (*points[0], *points[1]), None))
        else:
            found.append((int(label), (*points.min(axis=0), *points.max(axis=0)), points))
    return found


def filled(points, width, height):
    """The pixels whose centres lie inside a ring, by the crossing rule and nothing of ours."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    inside = np.zeros((height, width), bool)
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y1 != y2:
            crossed = (rows >= min(y1, y2)) & (rows < max(y1, y2))
            inside ^= crossed & (columns < x1 + (rows - y1) / (y2 - y1) * (x2 - x1))
    return inside


def test_what_we_write_others_read_mask_for_mask(tmp_path):
    ours = shapes(6, fixed=True)
    written = write(ours, tmp_path / "set", "yolo")
    assert written.lost == ("regions",)
    for index in range(6):
        known = ours.annotation(index)
        part = ("train", "val", "test")[ours.fixed[index]]
        found = read_independently((tmp_path / "set" / "labels" / part / f"{index}.txt").read_text(), 64, 48)
        boxes = by_size([box for _, box, _ in found], [label for label, _, _ in found])
        assert boxes == by_size(known.boxes, known.box_labels)
        for place, (_, _, points) in enumerate(found):
            assert np.array_equal(filled(points, 64, 48), known.instances == place + 1)
    again = load("yolo", tmp_path / "set")
    assert (again.faults, again.classes) == ((), CLASSES)
    assert sorted(again.fixed.tolist()) == sorted(ours.fixed.tolist())
    for index, name in enumerate(again.names):
        one, two = ours.annotation(int(name[-5])), again.annotation(index)
        for field in ("boxes", "box_labels", "instances", "regions"):
            assert np.array_equal(getattr(one, field), getattr(two, field)), field


def test_boxes_alone_stay_boxes(tmp_path):
    ours = shapes(4)
    ours.known = [type(one)(boxes=one.boxes, box_labels=one.box_labels) for one in ours.known]
    ours.gives = ("boxes",)
    write(ours, tmp_path / "set", "yolo")
    text = (tmp_path / "set" / "labels" / "0.txt").read_text()
    assert all(len(line.split()) == 5 for line in text.splitlines())
    again = load("yolo", tmp_path / "set")
    assert again.gives == ("labels", "boxes")
    for index in range(4):
        assert np.array_equal(ours.annotation(index).boxes, again.annotation(index).boxes)


LAYOUTS = (
    "images/train/{}.png labels/train/{}.txt",
    "train/images/{}.png train/labels/{}.txt",
    "{}.png {}.txt",
    "images/{}.png labels/{}.txt",
)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_usual_layout(tmp_path, layout):
    picture, label = layout.split()
    for stem in ("a", "b", "bare"):
        paint(tmp_path / picture.format(stem), 40, 20)
    for stem, text in (("a", "1 0.5 0.5 0.5 1\n"), ("b", "0 0.25 0 1 0 1 1 0.25 1\n\n1 .1 .1 .2 .2")):
        path = tmp_path / label.format(stem)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "data.yaml").write_text("nc: 2\nnames: ['left hand', \"right\"] # two\ntrain: ../x\n")
    ours = load("yolo", tmp_path)
    assert (ours.faults, ours.classes) == ((), ("left hand", "right"))
    known = [ours.annotation(index) for index in range(3)]
    assert known[0].boxes.tolist() == [[10, 0, 30, 20]]
    assert known[1].boxes.tolist() == [[10, 0, 40, 20], [0, 0, 8, 4]]
    assert known[1].instances[10, 20] == 1
    assert known[1].regions[:4, :8].min() == 255
    assert known[2].boxes.shape == (0, 4)


def test_outlines_between_pixels(tmp_path):
    points = np.array([(5.3, 5.1), (30.7, 8.2), (20.4, 18.9)])
    paint(tmp_path / "images" / "a.png", 40, 20)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("0 " + " ".join(f"{x / 40} {y / 20}" for x, y in points))
    mask = load("yolo", tmp_path).annotation(0).instances == 1
    # COCO's rule walks in fifths of a pixel, so a few pixels on the outline differ.
    assert (mask != filled(points, 40, 20)).sum() <= 4


NAMES = {
    "names: [a, b c, 'd, e']": ["a", "b c", "d, e"],
    "names:\n- a\n- 'it''s'\n- \"q\\\"\"\nnc: 3": ["a", "it's", 'q"'],
    "names:\n  - a # first\n  # note\n\n  - b": ["a", "b"],
    "path: x\nnames:\n  1: b\n  0: a: b\nval: y": ["a: b", "b"],
    "names: {0: a, 1: 'b'}": ["a", "b"],
    "names: [a,\n  b,\n  c]": ["a", "b", "c"],
    "names: ['a', \"b\",]": ["a", "b"],
    "names: [a, a]": ["a", "a (1)"],
}
REFUSED = ["nc: 2", "names: 5", "names: [a", "names:\n  2: a\n  3: b", "names: {0: a, 2: b}", "names:\n  a:\n    b", ""]


@pytest.mark.parametrize("text", NAMES)
def test_names_in_yaml(tmp_path, text):
    (tmp_path / "d.yaml").write_text(text)
    assert read_yaml_names(tmp_path / "d.yaml", "d.yaml", Faults()) == NAMES[text]


@pytest.mark.parametrize("text", REFUSED)
def test_names_that_are_no_list(tmp_path, text):
    (tmp_path / "d.yaml").write_text(text)
    faults = Faults()
    assert read_yaml_names(tmp_path / "d.yaml", "d.yaml", faults) == []
    (fault,) = faults.all()
    assert fault.name == "d.yaml"
    assert fault.line >= 1


def test_our_yaml_holds_any_name(tmp_path):
    ours = shapes(2)
    ours.classes = ("a: 'b'", "- x # y", '{}[],"\\')
    write(ours, tmp_path / "set", "yolo")
    assert load("yolo", tmp_path / "set").classes == ours.classes
    # JSON is YAML as well, and what other tools write most often.
    (tmp_path / "set" / "data.yaml").write_text(f"names: {json.dumps(['x', 'y', 'z'])}")
    assert load("yolo", tmp_path / "set").classes == ("x", "y", "z")


def test_no_names_at_all_and_nothing_at_all(tmp_path):
    paint(tmp_path / "a.png", 10, 10)
    with pytest.raises(BadInput, match="no picture with a YOLO text file"):
        load("yolo", tmp_path)
    (tmp_path / "a.txt").write_text("3 .5 .5 .5 .5")
    assert load("yolo", tmp_path).classes == ("0", "1", "2", "3")


def test_the_fingerprint_follows_labels_and_names(tmp_path):
    paint(tmp_path / "a.png", 10, 10)
    (tmp_path / "a.txt").write_text("0 .5 .5 .5 .5")
    (tmp_path / "classes.txt").write_text("cat")
    seen = [load("yolo", tmp_path).fingerprint()]
    assert load("yolo", tmp_path).fingerprint() == seen[0]
    (tmp_path / "a.txt").write_text("0 .5 .5 .5 .25")
    seen.append(load("yolo", tmp_path).fingerprint())
    (tmp_path / "classes.txt").write_text("dog")
    seen.append(load("yolo", tmp_path).fingerprint())
    assert len(set(seen)) == 3
