"""The test pictures of a run as a source: those that it never learned from, as the data gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.base import PictureSet
from engine.datasets.prepare import prepare
from engine.datasets.spec import Choice, PreprocessSpec
from engine.errors import BadInput
from engine.gallery.base import Drawing
from engine.inference.source import make_source
from engine.inference.stream import predict_stream
from engine.training.run_folder import read_config
from tests.helpers.run_folders import run_folder

DIGITS = tuple("0123456789")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    net = Drawing("Linear")
    last = net.chain(net.input(1, 8, 8), ("Flatten", "flat"), ("Linear", "head", {"out_features": 10}))
    preprocess = PreprocessSpec(channels=1, height=8, width=8)
    return run_folder(tmp_path / "r", net.output(last), "classification", DIGITS, preprocess=preprocess)


def test_they_are_those_of_the_test_part(run: Path) -> None:
    prepared = prepare(read_config(run).data, run, lambda event: None, CancelSource().token)
    samples = prepared.samples
    assert isinstance(samples, PictureSet)
    source = make_source(f"test:{run}")
    source.open()
    for place in prepared.test.indices[:5].tolist():
        frame = source.read()
        assert frame is not None
        assert frame.name == samples.names[place]
        assert np.array_equal(frame.image[:, :, ::-1], samples.picture(place))
    count = 5
    while source.read() is not None:
        count += 1
    assert count == len(prepared.test)
    source.close()
    answers = list(
        predict_stream(str(run), f"test:{run}", 3, None, lambda event: None, CancelSource().token, device="cpu")
    )
    assert [list(answer) for answer in answers] == [["frame", "name", "time_ms", "label", "score"]] * 3


def test_runs_without_pictures_say_so(tmp_path: Path) -> None:
    net = Drawing("Mean")
    last = net.chain(net.input(64, 1), ("Flatten", "flat"), ("Linear", "head", {"out_features": 2}))
    run = run_folder(tmp_path / "r", net.output(last), "sequence", ("a", "b"), source=Choice(id="waves"))
    with pytest.raises(BadInput, match="no single pictures"):
        make_source(f"test:{run}").open()
    with pytest.raises(BadInput, match="gone"):
        make_source(f"test:{tmp_path / 'gone'}").open()
