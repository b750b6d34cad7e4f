"""The samples of sequences: what they reach at a fixed seed, trained from scratch without a window."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.prepare import prepare
from engine.paths import resources
from engine.project.store import load_project
from engine.training.evaluate import EvaluateJob
from tests.helpers.trained_samples import trained


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_gru_tells_waves_apart(tmp_path: Path) -> None:
    lines = trained("waves", tmp_path / "run", seconds=120)
    assert lines[-1]["test"]["accuracy"] >= 0.95
    token = CancelSource().token
    evaluated = EvaluateJob(tmp_path / "run", resources() / "samples" / "waves")(lambda event: None, token)
    assert evaluated.measures["accuracy"] == pytest.approx(lines[-1]["test"]["accuracy"], abs=1e-3)
    assert evaluated.report.matrix is not None
    assert evaluated.report.matrix.counts.sum() == evaluated.count


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_lstm_foretells_better_than_persistence_and_a_linear_rule(tmp_path: Path) -> None:
    test = trained("forecast", tmp_path / "run", seconds=120)[-1]["test"]
    assert test["rmse"] <= 0.5 * test["rmse_linear"]
    assert test["rmse"] <= 0.2 * test["rmse_persistence"]
    assert test["rmse_linear"] < test["rmse_persistence"], "the linear rule is worth beating"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_writer_knows_more_than_which_letters_follow_each_other(tmp_path: Path) -> None:
    lines = trained("text", tmp_path / "run", seconds=120)
    test = lines[-1]["test"]
    single, pairs = _counted()
    assert test["bits_per_character"] <= single - 1.0
    assert test["bits_per_character"] < pairs
    token = CancelSource().token
    words = EvaluateJob(tmp_path / "run", resources() / "samples" / "text")(lambda event: None, token).report.words
    assert words.startswith("The ")
    assert len(words) == 404
    known = set((resources() / "texts" / "fables.txt").read_text("utf-8").split())
    written = words.split()
    assert sum(word in known for word in written) >= 0.5 * len(written)


def _counted() -> tuple[float, float]:
    """Bits per character of the sample's test part when foretold by how often each character, or each pair, came."""
    project = load_project(resources() / "samples" / "text")
    prepared = prepare(project.data, Path(), lambda event: None, CancelSource().token, ("tokens",))
    kinds = len(prepared.classes)
    pairs = np.full((kinds, kinds), 0.1)  # so that nothing is impossible
    np.add.at(pairs, (prepared.train.inputs.numpy(), prepared.train.targets["tokens"].numpy()), 1)
    before, after = prepared.test.inputs.numpy(), prepared.test.targets["tokens"].numpy()
    single = pairs.sum(0) / pairs.sum()
    given = pairs / pairs.sum(1, keepdims=True)
    return -np.log(single[after]).mean() / math.log(2), -np.log(given[before, after]).mean() / math.log(2)
