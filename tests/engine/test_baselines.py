"""Features and classifiers of before, against scikit-image and scikit-learn, and the runs that they leave."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.feature import local_binary_pattern
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from engine.baselines.classifiers import decide, fit_classifier, logits, make_classifier, steepness
from engine.baselines.features import colour, extract, lbp_patterns
from engine.baselines.job import BaselineJob
from engine.baselines.spec import CLASSIFIERS, FEATURES, PictureBaseline, RegionBaseline, baseline_of, parse_baseline
from engine.cancel import CancelSource
from engine.errors import BadInput, JobCancelled
from engine.events import Event, Notice, Progress
from engine.inference.detections import Classification
from engine.inference.frame import Frame
from engine.inference.predictor import open_predictor
from engine.project.spec import ProjectSpec
from engine.training.checkpoint import load_best, save_best
from engine.training.evaluate import ClassEvaluation, EvaluateJob
from engine.training.events import EpochDone, RunStarted
from engine.training.job import TrainJob
from engine.training.run_folder import read_config
from engine.training.runs import list_runs, load_run, new_run_dir, run_info
from engine.training.spec import TrainingSpec

PROJECT = ProjectSpec("Digits", training=TrainingSpec(device="cpu", epochs=7))


def _digits(classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Digits as uint8 (N, 1, 8, 8), and what they are."""
    data, labels = load_digits(return_X_y=True)
    keep = labels < classes
    return (data[keep].reshape(-1, 1, 8, 8) * 15).astype(np.uint8), labels[keep].astype(np.int64)


def _fit(root: Path, text: str, project: ProjectSpec = PROJECT) -> tuple[Path, list[Event]]:
    run_dir, told = new_run_dir(root), []
    BaselineJob(project, root, parse_baseline(text), run_dir)(told.append, CancelSource().token)
    return run_dir, told


@pytest.fixture(scope="module")
def hog_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    return _fit(tmp_path_factory.mktemp("project"), "hog+svm")


# features


def test_patterns_are_those_of_scikit_image() -> None:
    random = np.random.default_rng(0)
    for shape in ((40, 30), (8, 8)):
        grey = random.integers(0, 256, shape, dtype=np.uint8)
        ours, theirs = lbp_patterns(grey), local_binary_pattern(grey, 8, 1, "nri_uniform")
        pairs = set(zip(ours.reshape(-1).tolist(), theirs.reshape(-1).tolist(), strict=True))
        # The same patterns, though numbered in another order.
        assert len(pairs) == len(np.unique(ours)) == len(np.unique(theirs))
    assert (
        lbp_patterns(np.full((9, 9), 77, np.uint8))[1:-1, 1:-1] == lbp_patterns(np.zeros((9, 9), np.uint8))[4, 4]
    ).all()


def test_colours_are_counted() -> None:
    picture = np.zeros((3, 4, 4), np.uint8)
    picture[0, :, :1] = 255  # a quarter is red
    found = colour(picture)
    assert sorted(found[found > 0].tolist()) == [0.25, 0.75]
    assert colour(np.full((1, 4, 4), 255, np.uint8))[31] == 1


@pytest.mark.parametrize("features", FEATURES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 30, 45), (3, 64, 64), (1, 5, 3)])
def test_features_of_any_picture_are_finite(features: str, shape: tuple[int, int, int]) -> None:
    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (3, *shape), dtype=np.uint8)
    found = extract(pictures, features)
    assert found.shape[0] == 3
    assert np.isfinite(found).all()
    assert not np.array_equal(found[0], found[1])
    np.testing.assert_array_equal(extract(pictures[1:2], features)[0], found[1])


# classifiers


@pytest.mark.parametrize("classes", [10, 2])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_decisions_equal_scikit_learn(kind: str, classes: int) -> None:
    pictures, labels = _digits(classes)
    features = extract(pictures, "pixels").astype(np.float64)
    spec = baseline_of({"features": "pixels", "classifier": kind})
    assert isinstance(spec, PictureBaseline)
    train = np.arange(len(labels)) % 3 == 0
    scaler = StandardScaler().fit(features[train])
    model = make_classifier(spec, 0).fit(scaler.transform(features[train]), labels[train])
    arrays = fit_classifier(spec, features[train], labels[train], 0)
    others = scaler.transform(features[~train])
    found = decide(kind, arrays, features[~train])
    theirs = model.predict_joint_log_proba(others) if kind == "bayes" else model.decision_function(others)
    np.testing.assert_allclose(found if theirs.ndim == 2 else found[:, 1], theirs, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(found.argmax(1), model.predict(others))
    if kind in ("logistic", "bayes"):
        shares = np.asarray(torch.from_numpy(logits(kind, arrays, features[~train], classes)).softmax(1))
        np.testing.assert_allclose(shares, model.predict_proba(others), atol=1e-6)


def test_a_class_without_training_pictures_is_never_answered() -> None:
    pictures, labels = _digits(3)
    features = extract(pictures, "pixels")
    labels = np.where(labels == 1, 4, labels)
    for kind in CLASSIFIERS:
        spec = baseline_of({"features": "pixels", "classifier": kind})
        assert isinstance(spec, PictureBaseline)
        arrays = fit_classifier(spec, features, labels, 0)
        found = logits(kind, arrays, features, 6)
        assert np.isfinite(found).all()
        assert set(found.argmax(1)) == {0, 2, 4}
        assert (found.argmax(1) == labels).mean() > 0.95
    with pytest.raises(BadInput, match="all of one class"):
        fit_classifier(PictureBaseline(), features[labels == 0], labels[labels == 0], 0)


def test_scores_are_made_as_sure_as_they_are_right() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 4000)
    noisy = np.where(random.random(4000) < 0.3, random.integers(0, 4, 4000), labels)
    scores = 100 * np.eye(4)[noisy]
    values = torch.from_numpy(scores * steepness(scores, labels)).softmax(1).max(1).values
    assert float(values.mean()) == pytest.approx((noisy == labels).mean(), abs=0.03)
    assert steepness(np.eye(4)[labels], labels) < 20


# names


def test_names() -> None:
    assert parse_baseline("HOG+svm") == PictureBaseline(features="hog", classifier="svm")
    assert parse_baseline("kmeans+6") == RegionBaseline(method="kmeans", clusters=6)
    assert parse_baseline("watershed").label == "Watershed"
    for wrong in ("", "hog", "hog+forest", "watershed+3", "svm+hog"):
        with pytest.raises(BadInput, match="no baseline"):
            parse_baseline(wrong)
    with pytest.raises(BadInput, match="clusters"):
        parse_baseline("kmeans+99999")


# runs


def test_hog_and_a_support_vector_machine_read_digits(hog_run: tuple[Path, list[Event]]) -> None:
    run_dir, told = hog_run
    info = run_info(run_dir)
    assert info.status == "finished"
    assert info.baseline == "HOG + linear SVM"
    assert info.test["accuracy"] >= 0.95
    assert (info.epochs, info.epochs_done, info.best_epoch) == (1, 1, 1)
    assert info.best_value == info.rows[0]["val_accuracy"] > 0.95
    started = next(event for event in told if isinstance(event, RunStarted))
    done = next(event for event in told if isinstance(event, EpochDone))
    assert started.parameters == sum(tensor.numel() for tensor in load_best(run_dir).values())
    assert done.measures["val_accuracy"] == info.best_value
    assert any(isinstance(event, Progress) and "HOG" in event.text for event in told)


def test_it_opens_like_any_other_run(hog_run: tuple[Path, list[Event]]) -> None:
    run_dir, _ = hog_run
    evaluation = EvaluateJob(run_dir)(lambda event: None, CancelSource().token)
    assert isinstance(evaluation, ClassEvaluation)
    assert dict(evaluation.measures) == pytest.approx(dict(run_info(run_dir).test))
    predictor = open_predictor(str(run_dir), "cpu")
    right = 0
    for image, truth in zip(evaluation.images[:20], evaluation.truth[:20].tolist(), strict=True):
        answer = predictor.predict(Frame(np.repeat(image[:, :, None], 3, axis=2)))
        assert isinstance(answer, Classification)
        right += int(answer.probabilities.argmax()) == truth
    assert right >= 18


def test_the_same_seed_gives_the_same_numbers(hog_run: tuple[Path, list[Event]], tmp_path: Path) -> None:
    other, _ = _fit(tmp_path, "hog+svm")
    one, two = load_best(hog_run[0]), load_best(other)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_damaged_numbers_are_told(hog_run: tuple[Path, list[Event]], tmp_path: Path) -> None:
    run_dir, _ = _fit(tmp_path, "pixels+logistic")
    whole = load_best(run_dir)
    for damage in (
        {name: tensor for name, tensor in whole.items() if name != "mean"},
        {**whole, "weights": whole["weights"][:, :5]},
        {**whole, "bias": whole["bias"] * float("nan")},
        {**whole, "present": whole["present"] + 100},
    ):
        save_best(run_dir, damage)
        with pytest.raises(BadInput, match="does not hold what Pixels"):
            load_run(run_dir)
    config = run_dir / "config.json"
    plain = json.loads(config.read_text("utf-8"))
    config.write_text(json.dumps({**plain, "baseline": {"features": "magic"}}), "utf-8")
    assert run_info(run_dir).status == "failed"
    with pytest.raises(BadInput, match="features"):
        load_run(run_dir)


def test_it_cannot_be_gone_on_with(hog_run: tuple[Path, list[Event]]) -> None:
    run_dir, _ = hog_run
    with pytest.raises(BadInput, match="is a baseline"):
        TrainJob(PROJECT, run_dir.parent, run_dir, resume=True)(lambda event: None, CancelSource().token)
    assert read_config(run_dir).training.epochs == 1


def test_cancelling_between_pictures_leaves_a_stopped_run(tmp_path: Path) -> None:
    source, run_dir = CancelSource(), new_run_dir(tmp_path)

    def hear(event: Event) -> None:
        if isinstance(event, Progress) and event.text.startswith("Computing"):
            source.cancel()

    with pytest.raises(JobCancelled):
        BaselineJob(PROJECT, tmp_path, PictureBaseline(), run_dir)(hear, source.token)
    (run,) = list_runs(tmp_path)
    assert (run.status, run.epochs_done) == ("stopped", 0)


def test_pictures_that_stay_on_disk_teach_the_same(tmp_path: Path) -> None:
    data = PROJECT.data.model_copy(update={"memory_limit_mb": 1})
    held, _ = _fit(tmp_path, "pixels+bayes")
    read, told = _fit(tmp_path, "pixels+bayes", PROJECT.with_(data=data))
    assert any(isinstance(event, Notice) and event.kind == "streaming" for event in told)
    one, two = load_best(held), load_best(read)
    assert all(torch.equal(one[name], two[name]) for name in one)
