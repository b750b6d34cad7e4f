"""What is wrong with a value is said in plain words, wherever it was typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.complaints import problems_of
from engine.datasets.spec import Choice
from engine.declared import parse_choice
from engine.errors import BadInput
from engine.gallery import open_network
from engine.layers.base import parse_layer
from engine.training.optimisers import OPTIMISERS
from engine.training.spec import TrainingSpec
from main import main


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("epochs", 0, "Must be at least 1."),
        ("epochs", "many", "Must be a whole number."),
        ("weight_decay", "much", "Must be a number."),
        ("device", "tpu", "Choose 'auto', 'cpu', 'cuda' or 'mps'."),
        ("speed", 1, "There is no such setting."),
    ],
)
def test_a_setting_is_refused_in_plain_words(name: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingSpec.model_validate({name: value})
    assert problems_of(caught.value) == {name: words}


def test_every_way_in_speaks_alike() -> None:
    with pytest.raises(BadInput, match=r"groped = True\. There is no such setting\. Its options are"):
        open_network("alexnet", groped=True)
    with pytest.raises(BadInput, match=r"out_channels = 0\. Must be at least 1\."):
        parse_layer("Conv2d", {"out_channels": 0})
    with pytest.raises(BadInput, match=r"learning_rate = -1\. Must be above 0\. Its options are"):
        parse_choice(OPTIMISERS, Choice(id="adam", options={"learning_rate": -1}))


def test_resuming_what_is_not_there_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    project = Path(__file__).parents[2] / "resources" / "samples" / "digits"
    assert main(["train", str(project), "--resume", "--out", str(tmp_path / "none")]) == 2
    assert "There is no run in" in capsys.readouterr().err
