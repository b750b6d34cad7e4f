"""Two hundred damaged annotation files: each is refused or repaired, file and line are named, the rest loads."""

from __future__ import annotations

import random

import pytest

from tests.helpers.annotated_sets import load
from tests.helpers.damaged_annotations import CLASSES, OBJECTS, PICTURES, box, label, pairs
from tests.helpers.damaged_tables import COUNT, KINDS, cases, mask


def objects(ours):
    """Of every picture, by its number, the classes and boxes."""
    found = {}
    for index, name in enumerate(ours.names):
        known = ours.annotation(index)
        boxes = [tuple(round(value, 3) for value in one) for one in known.boxes.tolist()]
        number = int(name.rsplit("/")[-1][1])
        found[number] = {(ours.classes[kind], one) for kind, one in zip(known.box_labels, boxes, strict=True)}
    return found


def good(picture, without=()):
    return {
        (CLASSES[label(picture, thing)], tuple(map(float, box(picture, thing))))
        for thing in range(OBJECTS)
        if thing not in without
    }


def check_masks(ours, damaged):
    found = {int(name.rsplit("/")[-1][1]): ours.annotation(index).regions for index, name in enumerate(ours.names)}
    for number in range(PICTURES):
        if number != damaged.picture:
            assert (found[number] == mask(number)).all()
    if damaged.repaired:
        same = found[damaged.picture] == mask(damaged.picture)
        assert (found[damaged.picture][~same] == 255).all()
        assert (~same).sum() == 16
    else:
        assert damaged.picture not in found


def check_objects(ours, damaged):
    found = objects(ours)
    if damaged.picture is None:
        # Cut off: what comes before is all there.
        for place, (picture, thing) in enumerate(pairs()):
            if place < damaged.thing:
                assert good(picture) - good(picture, (thing,)) <= found[picture]
        return
    for number in range(PICTURES):
        if number != damaged.picture:
            assert found[number] == good(number)
    if damaged.thing is None:
        assert found.get(damaged.picture) == (good(damaged.picture) if damaged.repaired else None)
        return
    rest = good(damaged.picture, (damaged.thing,))
    assert rest <= found[damaged.picture]
    assert len(found[damaged.picture]) == (OBJECTS if damaged.repaired else len(rest))


@pytest.mark.parametrize(("format", "kind", "seed"), cases())
def test_a_damaged_file(tmp_path, format, kind, seed):
    make, _ = KINDS[format]
    damaged = make(tmp_path, kind, random.Random(seed))
    ours = load(format, tmp_path)
    named = [fault for fault in ours.faults if fault.name == damaged.file]
    assert named, [fault.place for fault in ours.faults]
    if damaged.lines:
        assert any(fault.line in damaged.lines for fault in named), [(one.line, one.reason) for one in named]
    assert any(fault.repaired for fault in named) or not damaged.repaired or kind.endswith("twice")
    assert all(fault.reason.endswith(".") and len(fault.reason) < 400 for fault in ours.faults)
    (check_masks if format == "masks" else check_objects)(ours, damaged)


def test_there_are_enough_cases():
    assert len(cases()) >= COUNT
    assert {format for format, _, _ in cases()} == {"coco", "voc", "yolo", "table", "masks"}
