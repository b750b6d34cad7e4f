"""Fitting that can be stopped midway, and what baselines make of a task's options."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from engine.baselines import classifiers, fitting
from engine.baselines.apart import apart
from engine.baselines.classifiers import decide, fit_classifier, is_quick
from engine.baselines.job import BaselineJob
from engine.baselines.spec import PictureBaseline, RegionBaseline, parse_baseline
from engine.cancel import CancelSource
from engine.errors import BadInput, JobCancelled, JobFailed
from engine.events import Cancelled, Event, Finished, Notice, Progress, Terminal
from engine.frozen import FrozenDict
from engine.job import run_job
from engine.project.spec import ProjectSpec
from engine.training.checkpoint import load_best
from engine.training.run_folder import read_config
from engine.training.runs import list_runs, new_run_dir
from engine.training.spec import TrainingSpec

PROJECT = ProjectSpec("Digits", training=TrainingSpec(device="cpu"))


def picture_baseline(text: str) -> PictureBaseline:
    spec = parse_baseline(text)
    assert isinstance(spec, PictureBaseline)
    return spec


def workers() -> list[int]:
    """Processes below this one, but for the one by which Python tidies up."""
    found = psutil.Process().children(recursive=True)
    return [one.pid for one in found if not any("resource_tracker" in word for word in one.cmdline())]


def test_a_long_fit_is_stopped_midway() -> None:
    """Noise with 4,000 pictures: a support vector machine would take most of a minute."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((4000, 1764)).astype(np.float32)
    spec, source, asked = picture_baseline("hog+svm"), CancelSource(), []
    assert not is_quick(spec, features, 10)
    before = workers()

    def stop(seconds: float) -> None:
        if seconds > 2:  # the process has begun by then, and is in the midst of it
            asked.append(time.monotonic())
            source.cancel()

    with pytest.raises(JobCancelled):
        apart(fit_classifier, spec, features, rng.integers(0, 10, 4000), 0, token=source.token, tell=stop)
    assert time.monotonic() - asked[0] < 2
    assert workers() == before


def test_stopping_ends_the_job_once_and_leaves_a_stopped_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "is_quick", lambda *of: False)
    source, told = CancelSource(), []

    def hear(event: Event) -> None:
        told.append(event)
        if isinstance(event, Progress) and event.text.startswith("Fitting"):
            source.cancel()

    run_job(BaselineJob(PROJECT, tmp_path, picture_baseline("pixels+svm"), new_run_dir(tmp_path)), hear, source.token)
    assert [event for event in told if isinstance(event, Terminal)] == [Cancelled()]
    words = [event.text for event in told if isinstance(event, Progress)]
    assert any(
        re.fullmatch(r"Fitting Pixels \+ linear SVM to 1,[0-9]{3} pictures with [0-9,]+ values each", one)
        for one in words
    )
    assert [run.status for run in list_runs(tmp_path)] == ["stopped"]


def test_a_process_of_its_own_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    for quick in (True, False):
        monkeypatch.setattr(fitting, "is_quick", lambda *of, quick=quick: quick)
        run_dir = new_run_dir(tmp_path)
        job = BaselineJob(PROJECT, tmp_path, picture_baseline("pixels+svm"), run_dir)
        assert isinstance(run_job(job, lambda event: None, CancelSource().token), Finished)
        runs.append(load_best(run_dir))
    assert runs[0].keys() == runs[1].keys()
    assert all(np.array_equal(runs[0][name].numpy(), runs[1][name].numpy()) for name in runs[0])


def test_what_goes_wrong_in_the_process_is_told() -> None:
    def nothing(seconds: float) -> None:
        pass

    token = CancelSource().token
    with pytest.raises(BadInput, match="all of one class"):
        apart(fit_classifier, picture_baseline("hog+svm"), np.ones((4, 2)), np.ones(4), 0, token=token, tell=nothing)
    with pytest.raises(JobFailed, match="ended before it was done"):
        apart(os._exit, 3, token=token, tell=nothing)
    with pytest.raises(JobFailed, match="did not foresee"):
        apart(int, "no number", token=token, tell=nothing)


# the task's options

THEIRS = {
    "svm": SVC(kernel="linear", class_weight="balanced", break_ties=True),
    "rbf": SVC(gamma="scale", class_weight="balanced", break_ties=True),
    "logistic": LogisticRegression(max_iter=300, class_weight="balanced"),
    # Classes that all count alike have equal priors; their means and variances are their own.
    "bayes": GaussianNB(priors=[0.5, 0.5], var_smoothing=1e-3),
}


@pytest.mark.parametrize("kind", list(THEIRS))
def test_balanced_classes_count_alike(kind: str) -> None:
    data, labels = load_digits(return_X_y=True)
    rare = np.flatnonzero(labels == 8)[:20]
    keep = np.concatenate([np.flatnonzero(labels == 3), rare])
    columns = [20, 28, 34, 36, 42]  # of which no border between the two is right about all
    features, classes = data[keep][:, columns], labels[keep]
    arrays = fit_classifier(picture_baseline(f"pixels+{kind}"), features, classes, 0, balanced=True)
    scaler = StandardScaler().fit(features)
    model = THEIRS[kind].fit(scaler.transform(features), classes)
    found = decide(kind, arrays, features)
    values = scaler.transform(features)
    theirs = model.predict_joint_log_proba(values) if kind == "bayes" else model.decision_function(values)
    np.testing.assert_allclose(found if theirs.ndim == 2 else found[:, 1], theirs, rtol=1e-4, atol=1e-4)
    plain = decide(kind, fit_classifier(picture_baseline(f"pixels+{kind}"), features, classes, 0), features)
    assert np.abs(plain - found).max() > 0.01


def test_options_are_kept_or_named(tmp_path: Path) -> None:
    options = FrozenDict({"class_weights": "balanced", "loss": "focal"})
    project = PROJECT.with_(task_options=options, training=PROJECT.training.model_copy(update={"label_smoothing": 0.1}))
    told: list[Event] = []
    run_dir = new_run_dir(tmp_path)
    BaselineJob(project, tmp_path, picture_baseline("pixels+bayes"), run_dir)(told.append, CancelSource().token)
    (notice,) = [event for event in told if isinstance(event, Notice) and event.kind == "unused_options"]
    assert "without these settings of the task: label smoothing 0.1, loss focal." in notice.what
    assert read_config(run_dir).task_options == {"class_weights": "balanced"}


def test_a_baseline_for_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is a baseline for segmentation, and the project's task is classification"):
        BaselineJob(PROJECT, tmp_path, RegionBaseline())(lambda event: None, CancelSource().token)
    assert not list_runs(tmp_path)


def test_a_solver_that_was_stopped_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "ROUNDS", 3)
    told: list[Event] = []
    BaselineJob(PROJECT, tmp_path, picture_baseline("pixels+logistic"), new_run_dir(tmp_path))(
        told.append, CancelSource().token
    )
    assert any(isinstance(event, Notice) and "still improving after 3 rounds" in event.what for event in told)
