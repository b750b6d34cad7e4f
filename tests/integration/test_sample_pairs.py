"""The samples of matching and generation: what they reach at a fixed seed, trained from scratch without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from engine.cancel import CancelSource
from engine.datasets.prepare import prepare
from engine.paths import resources
from engine.project.store import load_project
from engine.training.evaluate import EvaluateJob
from engine.training.runs import load_run
from tests.helpers.trained_samples import trained


def test_no_class_is_both_learned_and_asked_for() -> None:
    project = load_project(resources() / "samples" / "one_shot")
    prepared = prepare(project.data, Path(), lambda event: None, CancelSource().token)
    parts = [set(part.labels.tolist()) for part in (prepared.train, prepared.validation, prepared.test)]
    assert [len(part) for part in parts] == [28, 6, 6]
    assert len(parts[0] | parts[1] | parts[2]) == 40


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_five_way_one_shot_on_classes_that_were_never_seen(tmp_path: Path) -> None:
    test = trained("one_shot", tmp_path / "run", seconds=120)[-1]["test"]
    assert test["n_way_accuracy"] >= 0.85
    assert test["verification_auc"] >= 0.93
    report = EvaluateJob(tmp_path / "run", resources() / "samples" / "one_shot")(
        lambda event: None, CancelSource().token
    )
    assert report.measures["n_way_accuracy"] == pytest.approx(test["n_way_accuracy"], abs=0.005)
    assert len(report.report.tables[0].rows) == 6
    assert {sketch.mark for sketch in report.report.examples} == {"right", "wrong"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_made_digits_are_read_as_digits_of_many_kinds(tmp_path: Path) -> None:
    """Judged by the nearest real digits, which no network of ours has any part in."""
    lines = trained("generation", tmp_path / "run", seconds=120)
    assert lines[-1]["test"]["pixel_distance"] < 0.1
    run = load_run(tmp_path / "run")
    latent = torch.randn(400, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = run.model(torch.zeros(400, 1, 16, 16), latent)[0]
    small = torch.nn.functional.avg_pool2d((made + 1) / 2, 2).flatten(1).numpy()
    real = load_digits()
    judge = KNeighborsClassifier(10).fit(real.data / 16, real.target)
    chances = judge.predict_proba(small)
    assert chances.max(1).mean() >= 0.75, "of ten neighbours more than seven agree"
    shares = np.bincount(chances.argmax(1), minlength=10) / 400
    assert (shares >= 0.02).sum() >= 6
    noise = judge.predict_proba(np.random.default_rng(0).permuted(small, axis=1))
    assert chances.max(1).mean() > noise.max(1).mean() + 0.1, "shuffled pixels are no digits"
