"""Runs that match look at frames beside known pictures, those of the training or those of a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.datasets.spec import PreprocessSpec
from engine.errors import BadInput
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.inference.detections import Match
from engine.inference.frame import Frame
from engine.inference.predictor import Predictor, open_predictor
from engine.opencv import cv2
from tests.helpers.run_folders import run_folder

SIDE = 64
COLOUR = {"channels": 3, "height": SIDE, "width": SIDE}


def _twin() -> NetworkSpec:
    """The distance between the mean colours of two pictures."""
    net = Drawing("Twin")
    first, second = net.input(3, SIDE, SIDE, id="first"), net.input(3, SIDE, SIDE, id="second")
    ends = []
    for number, start in enumerate((first, second)):
        ends.append(net.chain(start, ("AdaptiveAvgPool2d", f"pool{number}"), ("Flatten", f"flat{number}")))
    return net.output(net.node("EuclideanDistance", "distance", ends))


def test_the_nearest_reference_wins(tmp_path: Path) -> None:
    references = tmp_path / "references"
    for name, colour in (("red", (0, 0, 255)), ("green", (0, 255, 0)), ("grey", (96, 96, 96))):
        (references / name).mkdir(parents=True)
        for number in range(2):
            image = np.full((20 + number, 30, 3), colour, np.uint8)
            cv2.imwrite(str(references / name / f"{number}.png"), image)
    run = run_folder(tmp_path / "m", _twin(), "matching", ("old",), preprocess=PreprocessSpec(**COLOUR))
    predictor = open_predictor(str(run), "cpu", references)
    for name, colour in (("red", (20, 10, 240)), ("green", (0, 230, 30)), ("grey", (110, 90, 96))):
        outcome = predictor.predict(Frame(np.full((50, 60, 3), colour, np.uint8)))
        assert isinstance(outcome, Match)
        assert outcome.label == name
        assert outcome.known
    red = np.array([1, 0, 0]) - np.array([240, 10, 20]) / 255
    outcome = predictor.predict(Frame(np.full((50, 60, 3), (20, 10, 240), np.uint8)))
    assert isinstance(outcome, Match)
    assert outcome.distance == pytest.approx(float(np.linalg.norm(red)), abs=1e-3)
    assert not predictor.predict(Frame(np.full((50, 60, 3), (255, 0, 255), np.uint8))).known  # type: ignore[union-attr]


def test_a_folder_that_cannot_be_compared_with_says_why(tmp_path: Path) -> None:
    run = str(run_folder(tmp_path / "m", _twin(), "matching", ("old",), preprocess=PreprocessSpec(**COLOUR)))
    with pytest.raises(BadInput, match="no folder that is there"):
        open_predictor(run, "cpu", tmp_path / "nowhere")
    folder = tmp_path / "references"
    for name in ("a", ".hidden", "empty"):
        (folder / name).mkdir(parents=True)
    with pytest.raises(BadInput, match="no folders with pictures to compare with"):
        open_predictor(run, "cpu", folder)
    picture = np.full((20, 30, 3), 96, np.uint8)
    for name in ("a", ".hidden"):
        cv2.imwrite(str(folder / name / "1.png"), picture)
    (folder / "a" / ".1.png").write_bytes(b"what some systems leave beside pictures")
    with pytest.raises(BadInput, match="only one class"):
        open_predictor(run, "cpu", folder)
    for number in range(60):
        (folder / f"b{number}").mkdir()
        cv2.imwrite(str(folder / f"b{number}" / "1.png"), picture)
    with pytest.raises(BadInput, match="pictures of 61 classes"):
        open_predictor(run, "cpu", folder)
    (folder / "b7" / "1.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"1\.png"):
        open_predictor(run, "cpu", folder)


def test_references_come_from_the_training_data_where_none_are_given(tmp_path: Path) -> None:
    classes = tuple(str(digit) for digit in range(10))
    net = Drawing("Twin")
    first, second = net.input(1, 16, 16, id="first"), net.input(1, 16, 16, id="second")
    ends = [net.node("Flatten", f"flat{number}", start) for number, start in enumerate((first, second))]
    network = net.output(net.node("EuclideanDistance", "distance", ends))
    run = run_folder(
        tmp_path / "m", network, "matching", classes, preprocess=PreprocessSpec(channels=1, height=16, width=16)
    )
    predictor: Predictor = open_predictor(str(run), "cpu")
    assert predictor.classes == classes
    import sklearn.datasets

    digits = sklearn.datasets.load_digits()
    right = 0
    for index in range(40):
        grey = np.rint(digits.images[index] * (255 / 16)).astype(np.uint8)
        outcome = predictor.predict(Frame(np.repeat(grey[:, :, None], 3, axis=2)))
        assert isinstance(outcome, Match)
        right += outcome.label == str(digits.target[index])
    assert right > 24  # plain pixels beside three examples of each digit
