"""How often classes occur: objects, pixels and pictures, counted against pictures whose content is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.annotation import IGNORE, Annotation
from engine.datasets.base import ArrayPictures, parse_source
from engine.datasets.census import take_census, unit_of
from engine.datasets.spec import Choice
from engine.errors import BadInput, JobCancelled
from tests.helpers.annotated_sets import load, shapes, write


def ignore(event: object) -> None:
    """Nobody listens."""


class Known(ArrayPictures):
    """Three pictures: two discs and a box; a box and unknown pixels; one that cannot be read."""

    gives = ("labels", "boxes", "regions")

    def __init__(self) -> None:
        super().__init__(np.zeros((3, 2, 4), np.uint8), ("disc", "box", "ring"), np.zeros(3, np.int64))

    def annotation(self, index: int) -> Annotation:
        if index == 2:
            raise BadInput("No.", "Look.")
        boxes = np.array([[0, 0, 1, 1]] * (3 if index == 0 else 1), np.float32)
        of_objects = np.array([0, 1, 0] if index == 0 else [1])
        regions = np.array([[0, 1, 1, 2], [0, 0, 1, 2]] if index == 0 else [[2, 2, IGNORE, 0]] * 2, np.uint8)
        return Annotation(
            labels=tuple(sorted({*of_objects.tolist()})), boxes=boxes, box_labels=of_objects, regions=regions
        )


def count(pictures, unit):
    return take_census(pictures, unit, ignore, CancelSource().token)


def test_boxes_pixels_and_pictures_by_class():
    boxes = count(Known(), "boxes")
    assert boxes.amounts().tolist() == [[2, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert boxes.holders().tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 0]]
    assert (boxes.of(0), boxes.of(1), boxes.of(2)) == (((0, 2), (1, 1)), ((1, 1),), ())
    assert boxes.holding(1).tolist() == [0, 1]
    pixels = count(Known(), "pixels")
    assert (pixels.amounts()[:, 0].tolist(), pixels.background) == ([3, 6, 0], 5)
    assert count(Known(), "pictures").amounts()[:, 0].tolist() == [1, 2, 0]


def test_the_parts_of_the_split_are_told_apart_and_what_is_left_out_is_not_counted():
    found = count(Known(), "boxes")
    assert found.amounts(np.array([2, 0, 1], np.int8)).tolist() == [[0, 0, 2], [1, 0, 1], [0, 0, 0]]
    assert found.amounts(np.array([-1, 1, 1], np.int8)).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found.holders(np.array([0, 0, 1], np.int8)).tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("format", ["coco", "voc", "yolo"])
def test_objects_of_a_format_are_counted_as_their_annotations_say(tmp_path, format):
    write(shapes(6), tmp_path, format)
    read = load(format, tmp_path)
    found = count(read, "boxes")
    slow = np.concatenate([read.annotation(index).box_labels for index in range(len(read))])
    assert found.amounts()[:, 0].tolist() == np.bincount(slow, minlength=len(read.classes)).tolist()
    assert found.amounts().sum() > len(read)


def test_generated_shapes_have_as_many_boxes_as_things():
    choice = Choice(id="shapes", options={"count": 12, "difficulty": "medium"})
    read = parse_source(choice).load(Path(), ignore, CancelSource().token)
    found = count(read, "boxes")
    assert found.amounts().sum() == sum(len(read.scene(index).things) for index in range(12))
    regions = np.concatenate([read.annotation(index).regions.reshape(-1) for index in range(12)])
    pixels = count(read, "pixels")
    assert [pixels.background, *pixels.amounts()[:, 0]] == np.bincount(regions, minlength=4).tolist()


def test_counting_stops_when_asked():
    source = CancelSource()
    source.cancel()
    with pytest.raises(JobCancelled):
        take_census(Known(), "boxes", ignore, source.token)


@pytest.mark.parametrize(
    ("needs", "gives", "unit"),
    [
        (("boxes",), ("labels", "boxes", "regions"), "boxes"),
        (("boxes", "instances"), ("boxes", "instances"), "boxes"),
        (("regions",), ("labels", "regions"), "pixels"),
        (("labels",), ("labels",), "pictures"),
        (("edges",), ("label", "labels", "edges"), "pictures"),
        (("label",), ("label", "labels", "boxes"), None),
        (("boxes",), ("label",), None),
        ((), ("label",), None),
    ],
)
def test_what_is_counted_follows_from_the_task(needs, gives, unit):
    assert unit_of(needs, gives) == unit
