"""Frames and outcomes are checked when they are made, and become the promised JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from engine.inference.detections import Classification, Detections
from engine.inference.frame import Frame

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
        {"masks": np.zeros((1, 4, 4), bool)},
        {"keypoints": np.zeros((2, 3), np.float32)},
    ],
)
def test_nonsense_is_refused(change: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"boxes": BOXES, "scores": SCORES, "class_ids": IDS, "classes": NAMES}
    Detections(**whole)
    with pytest.raises(ValueError, match=r"detections|finite|box|scores|class ids"):
        Detections(**{**whole, **change})


def test_threshold_keeps_everything_of_what_it_keeps() -> None:
    masks = np.stack([np.zeros((4, 4), bool), np.ones((4, 4), bool)])
    points = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    kept = Detections(BOXES, SCORES, IDS, NAMES, masks, points, np.array([7, 8])).above(0.5)
    assert len(kept) == 1
    assert kept.label(0) == "dog"
    assert kept.masks is not None
    assert not kept.masks.any()
    assert kept.plain() == {"detections": [{"box": [0.0, 0.0, 10.0, 10.0], "label": "dog", "score": 0.9, "track": 7}]}


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
