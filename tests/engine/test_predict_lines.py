"""What `predict` says in words: units, and no frames where there are none."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands.answer_lines import line_of

FRAME: dict[str, Any] = {"frame": 3, "name": "a.png", "time_ms": 12.5}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"detections": []}, "nothing"),
        (
            {"detections": [{"box": [1.2, 2.0, 30.6, 40.0], "label": "cat", "score": 0.9, "track": None}]},
            "cat 0.900 at 1, 2, 31, 40",
        ),
        ({"label": "cat", "score": 0.75}, "cat 0.750"),
        ({"label": "cat", "distance": 0.25, "known": True}, "cat at distance 0.250"),
        ({"label": "cat", "distance": 2.5, "known": False}, "nothing known is near; nearest: cat at distance 2.500"),
        ({"labels": []}, "no label"),
        ({"labels": [{"label": "red", "score": 0.8}, {"label": "old", "score": 0.6}]}, "red 0.800, old 0.600"),
        ({"classes": {"background": 0.75, "cat": 0.25}}, "background 75.0 %, cat 25.0 %"),
        ({"edges": 0.123}, "12.3 % of the places are edges"),
        (
            {"normal": [-0.04, 0.3, 0.95]},
            "on average the surfaces face -0.04 right, +0.30 down, +0.95 towards you",
        ),
        ({"picture": [32, 24], "change": 3.25}, "a picture of 32×24 pixels, changed by 3.2 grey levels of 255"),
    ],
)
def test_answers_of_frames(answer: dict[str, Any], words: str) -> None:
    assert line_of({**FRAME, **answer}) == f"frame      3  a.png  {words}"


def test_a_film_has_moments() -> None:
    assert line_of({"frame": 3, "time_ms": 1250.0, "edges": 0.0}).startswith("frame      3      1.250 s  0.0 %")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"label": "saw", "score": 0.5}, "     1  saw 0.500"),
        ({"name": "bone.npy", "label": "saw", "score": 0.5}, "     1  bone.npy  saw 0.500"),
        ({"picture": [16, 16]}, "     1  a picture of 16×16 pixels"),
        ({"forecast": [[0.5, 120.25], [0.75, 118.0]]}, "     1  goes on with 0.5000 120.2; 0.7500 118.0"),
        ({"text": "Once upon a time"}, "Once upon a time"),
    ],
)
def test_answers_about_no_frames(answer: dict[str, Any], words: str) -> None:
    assert line_of({"frame": 0, "time_ms": 0.0, **answer}, frames=False) == words
