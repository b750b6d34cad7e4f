"""What is said of networks that no training for classes can take: plainly, once, and without spoiling the drawing."""

from __future__ import annotations

import pytest

from engine.gallery import open_network
from engine.graph.analyse import analyse
from tests.helpers.problem_cases import OUT, net, picture


@pytest.mark.parametrize(
    ("id", "words"),
    [
        ("detr_small", "2 outputs (classes, boxes)"),
        ("yolo_small", "outputs ("),
        ("siamese", "2 inputs (left, right)"),
        ("lstm", "takes 28×28, but pictures are channels × height × width"),
    ],
)
def test_another_task_is_named_once_and_nothing_is_offered_that_would_spoil_it(id: str, words: str) -> None:
    unfit = [p for p in analyse(open_network(id), classes=10).problems if p.kind in ("head-width", "other-task")]
    assert [p.kind for p in unfit] == ["other-task"]
    assert words in unfit[0].message
    assert "10 values" in unfit[0].advice
    assert unfit[0].severity == "info"
    assert not unfit[0].repairs


def test_a_classifier_and_a_drawing_without_data_are_not_told_of_tasks() -> None:
    assert not [p for p in analyse(open_network("lenet5_modern"), classes=10).problems if p.kind == "other-task"]
    assert not [p for p in analyse(open_network("siamese")).problems if p.kind == "other-task"]


def test_a_single_value_is_one_value() -> None:
    spec = net([picture(1, 4, 4), ("flat", "Flatten"), ("fc", "Linear", {"out_features": 1}), OUT],
               "input>flat flat>fc fc>output")  # fmt: skip
    problem = next(p for p in analyse(spec, classes=3).problems if p.kind == "head-width")
    assert "gets 1 value, but the data has 3 classes" in problem.message
