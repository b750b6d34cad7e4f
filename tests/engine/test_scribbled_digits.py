"""Digits as people draw them with a mouse, read by a network that learned from the digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.inference.frame import Frame
from engine.inference.predictor import open_predictor
from engine.opencv import cv2
from tests.helpers.digit_strokes import STROKES
from tests.helpers.digits_run import train_digits

Strokes = list[list[tuple[float, float]]]

OTHER_FORMS: list[tuple[int, Strokes]] = [
    (1, [[(0.5, 0.1), (0.5, 0.9)]]),
    (1, [[(0.36, 0.28), (0.52, 0.1), (0.52, 0.9)], [(0.34, 0.9), (0.7, 0.9)]]),
    (4, [[(0.3, 0.1), (0.22, 0.55), (0.8, 0.55)], [(0.65, 0.2), (0.62, 0.92)]]),
    (4, [[(0.6, 0.92), (0.6, 0.1), (0.2, 0.62), (0.82, 0.62)]]),
    (7, [[(0.22, 0.12), (0.78, 0.12), (0.45, 0.92)], [(0.35, 0.52), (0.8, 0.52)]]),
    (7, [[(0.22, 0.25), (0.24, 0.12), (0.78, 0.12), (0.45, 0.92)]]),
]
WAYS = [  # width, slant, size
    (1.0, 0.0, 240),
    (0.8, 0.1, 170),
    (1.1, 0.15, 140),
    (0.9, -0.08, 200),
]


def _drawn(strokes: Strokes, width: float, slant: float, size: float) -> np.ndarray:
    """On the pad's (280, 280, 3) of dark paper, with the pad's pen."""
    pad = np.zeros((280, 280, 3), np.uint8)
    for stroke in strokes:
        points = np.array(stroke) - 0.5
        points[:, 0] = points[:, 0] * width - points[:, 1] * slant
        cv2.polylines(
            pad, [np.round((points * size + 140) * 16).astype(np.int32)], False, (255,) * 3, 22, cv2.LINE_AA, 4
        )
    return pad


@pytest.mark.slow
def test_most_natural_drawings_are_read_right(tmp_path: Path) -> None:
    """All ten digits in usual forms, widths, slants and sizes.

    A seven without a bar is the hardest: about one in twenty of the dataset's sevens lacks it.
    Runs differ: of these drawings this short one reads 89 % right, three runs of the sample 86 %, 94 % and 97 %.
    """
    run = open_predictor(str(train_digits(tmp_path)), "cpu")
    wrong = []
    forms = [*STROKES.items(), *OTHER_FORMS]
    for digit, strokes in forms:
        for way in WAYS:
            outcome = run.predict(Frame(_drawn(strokes, *way), drawn=True))
            read = int(np.argmax(outcome.probabilities))
            if read != digit:
                wrong.append(f"{digit} {way} read as {read}")
    assert len(wrong) <= 0.15 * len(forms) * len(WAYS), wrong
