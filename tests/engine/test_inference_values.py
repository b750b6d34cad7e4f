"""Frames and outcomes are checked when they are made, and become the promised JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.inference.detections import Classification, Detections, Labels, Match
from engine.inference.frame import Frame
from engine.inference.maps import ClassMap, EdgeMap, NormalMap, Restored
from engine.inference.masks import instance_ids

BOXES = np.array([[0, 0, 10, 10], [5, 5, 8, 20]], np.float32)
SCORES = np.array([0.9, 0.4], np.float32)
IDS = np.array([1, 0], np.int64)
NAMES = ("cat", "dog")


@pytest.mark.parametrize(
    "change",
    [
        {"scores": SCORES[:1]},
        {"scores": np.array([0.5, 1.5], np.float32)},
        {"scores": np.array([0.5, np.nan], np.float32)},
        {"boxes": np.array([[10, 0, 0, 10], [0, 0, 1, 1]], np.float32)},
        {"boxes": np.array([[0, 0, np.inf, 10], [0, 0, 1, 1]], np.float32)},
        {"boxes": np.zeros((2, 5), np.float32)},
        {"class_ids": np.array([0, 2], np.int64)},
        {"class_ids": np.array([0, -1], np.int64)},
        {"track_ids": np.array([1], np.int64)},
        {"masks": np.zeros((1, 4, 4), np.uint8)},
        {"masks": np.zeros((2, 4, 4), bool)},
        {"keypoints": np.zeros((2, 3), np.float32)},
    ],
)
def test_nonsense_is_refused(change: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"boxes": BOXES, "scores": SCORES, "class_ids": IDS, "classes": NAMES}
    Detections(**whole)
    with pytest.raises(ValueError, match=r"detections|finite|box|scores|class ids"):
        Detections(**{**whole, **change})


def test_threshold_keeps_everything_of_what_it_keeps() -> None:
    masks = np.stack([np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)])
    points = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    kept = Detections(BOXES, SCORES, IDS, NAMES, masks, points, np.array([7, 8])).above(0.5)
    assert len(kept) == 1
    assert kept.label(0) == "dog"
    assert kept.masks is not None
    assert not kept.masks.any()
    assert kept.plain() == {
        "detections": [
            {
                "box": [0.0, 0.0, 10.0, 10.0],
                "label": "dog",
                "score": 0.9,
                "track": 7,
                "polygons": [],
                "keypoints": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
            }
        ]
    }


def test_plain_is_json() -> None:
    found = Detections(BOXES, SCORES, IDS, NAMES)
    assert json.loads(json.dumps(found.plain()))["detections"][1]["score"] == 0.4
    assert Detections().plain() == {"detections": []}
    answer = Classification(NAMES, np.array([0.25, 0.75], np.float32))
    assert answer.plain() == {"label": "dog", "score": 0.75}


def test_probabilities_must_be_some() -> None:
    for values in ([0.5, 0.6], [1.0], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="probabilities"):
            Classification(NAMES, np.array(values, np.float32))


def test_a_frame_is_a_colour_picture() -> None:
    frame = Frame(np.zeros((4, 6, 3), np.uint8))
    assert (frame.width, frame.height) == (6, 4)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1
    for wrong in (np.zeros((4, 6), np.uint8), np.zeros((4, 6, 3), np.float32), np.zeros((0, 6, 3), np.uint8)):
        with pytest.raises(ValueError, match="uint8"):
            Frame(wrong)


def test_a_mask_lies_over_its_box_and_surer_ones_on_top() -> None:
    masks = np.zeros((2, 28, 28), np.uint8)
    masks[0, :, :14] = 255  # the left half of the first box
    masks[1] = 255
    boxes = np.array([[100, 50, 180, 130], [100, 50, 140, 90]], np.float32)
    found = Detections(boxes, np.array([0.4, 0.9], np.float32), IDS, NAMES, masks)
    ids = instance_ids(found, 240, 320)
    assert ids.shape == (240, 320)
    assert ids[70, 110] == 2  # both are here, and the second is surer
    assert ids[110, 110] == 1
    assert ids[110, 170] == 0
    assert not ids[:, :97].any()
    assert not ids[:, 185:].any()
    # The edge between a full place and an empty one lies between them, also where a box is cut by the frame.
    there = np.flatnonzero(ids[110] == 1)
    assert (there[0], there[-1] + 1) == pytest.approx((100, 140), abs=2)
    half = Detections(np.array([[-40, -40, 40, 40]], np.float32), SCORES[:1], IDS[:1], NAMES, masks[1:])
    assert instance_ids(half, 240, 320)[:38, :38].all()
    (ring,) = half.plain()["detections"][0]["polygons"]
    assert min(ring) == 0
    assert max(ring) == pytest.approx(40, abs=12)


def test_large_frames_have_their_masks_drawn_small() -> None:
    masks = np.full((1, 28, 28), 255, np.uint8)
    found = Detections(np.array([[0, 0, 1920, 1080]], np.float32), SCORES[:1], IDS[:1], NAMES, masks)
    ids = instance_ids(found, 1080, 1920)
    assert ids.shape == (360, 640)
    assert ids[5:-5, 5:-5].all()


AREA = (0.0, 0.0, 4.0, 4.0)


def test_maps_say_what_there_is_where() -> None:
    ids = np.array([[0, 0, 0, 2], [0, 0, 2, 2]], np.uint8)
    regions = ClassMap(("background", "cat", "dog"), ids, AREA)
    assert regions.plain() == {"classes": {"background": 0.625, "dog": 0.375}}
    edges = EdgeMap(np.array([[0, 127], [128, 255]], np.uint8), AREA)
    assert edges.plain() == {"edges": 0.5}
    assert edges.share(1.0) == 0.25
    vectors = np.zeros((3, 2, 2), np.float32)
    vectors[2] = 5  # towards the viewer, of any length
    wall = NormalMap.of(vectors, AREA)
    assert wall.plain() == {"normal": [0.0, 0.0, 1.0]}
    assert wall.colours[0, 0].tolist() == [128, 128, 255]
    floor = np.zeros((3, 2, 2), np.float32)
    floor[1] = -1  # up
    assert NormalMap.of(floor, AREA).colours[0, 0].tolist() == [128, 255, 128]
    assert Restored(np.zeros((2, 3, 3), np.uint8), AREA, 1.5).plain() == {"picture": [3, 2], "change": 1.5}
    several = Labels(NAMES, np.array([0.9, 0.4], np.float32))
    assert several.plain() == {"labels": [{"label": NAMES[0], "score": 0.9}]}
    same = Match(NAMES, np.array([0.9, 0.25], np.float32), same_below=0.3)
    assert same.plain() == {"label": NAMES[1], "distance": 0.25, "known": True}
    far = Match(NAMES, np.array([0.9, 0.35], np.float32), same_below=0.3)
    assert far.plain() == {"label": NAMES[1], "distance": 0.35, "known": False}


@pytest.mark.parametrize(
    "make",
    [
        lambda: ClassMap(("a",), np.ones((2, 2), np.uint8), AREA),
        lambda: ClassMap(("a", "b"), np.ones((2, 2), np.int64), AREA),
        lambda: ClassMap(("a", "b"), np.ones((2, 2), np.uint8), (4.0, 0.0, 0.0, 4.0)),
        lambda: EdgeMap(np.ones((2, 2), np.float32), AREA),
        lambda: NormalMap(np.ones((2, 2), np.uint8), (0.0, 0.0, 1.0), AREA),
        lambda: Restored(np.ones((2, 2), np.uint8), AREA, 0.0),
        lambda: Labels(("a",), np.array([1.5], np.float32)),
        lambda: Match(("a",), np.array([np.nan], np.float32)),
    ],
)
def test_nonsense_maps_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"map|area|picture|probabilities|distances"):
        make()
