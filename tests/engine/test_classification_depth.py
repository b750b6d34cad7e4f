"""Losses, curves and calibration of classifiers against PyTorch, scikit-learn and torchmetrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional
from torchmetrics.functional.classification import multiclass_calibration_error
from torchvision.ops import sigmoid_focal_loss

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.inference.detections import Classification as Seen
from engine.inference.frame import Frame
from engine.inference.predictor import open_predictor
from engine.tasks.base import Task, make_task
from engine.tasks.batch import Batch
from engine.tasks.classifying.curves import rank
from engine.tasks.kinds.classification import Classification, ClassMeter
from engine.training.evaluate import EvaluateJob
from engine.training.job import TrainJob
from engine.training.runs import run_info
from engine.training.spec import TrainingSpec
from tests.helpers.small_project import small_project

NAMES = tuple("abcdefg")
N, K = 400, len(NAMES)


def _data(seed: int = 0, count: int = N, skewed: bool = False) -> tuple[Tensor, Tensor]:
    """Logits that are right about half of the time, and labels."""
    torch.manual_seed(seed)
    labels = torch.randint(0, K, (count,))
    if skewed:
        labels[: count // 2] = 1
    return torch.randn(count, K) + 1.5 * functional.one_hot(labels, K), labels


def _batch(**targets: Tensor) -> Batch:
    return Batch((torch.zeros(len(next(iter(targets.values()))), 1),), targets)


def _meter(task: Classification, logits: Tensor, labels: Tensor) -> ClassMeter:
    meter = task.meter(full=True)
    for start in range(0, len(labels), 64):
        batch = _batch(label=labels[start : start + 64])
        meter.add(task.decode({"output": logits[start : start + 64]}, batch), batch)
    return meter


def _loss(task: Task, logits: Tensor, **targets: Tensor) -> float:
    return float(task.losses({"output": logits}, _batch(**targets))["class"])


def test_ranking_measures_equal_scikit_learn() -> None:
    logits, labels = _data()
    found = _meter(Classification(NAMES), logits, labels).result()
    shares = logits.softmax(1).numpy()
    truth = np.eye(K)[labels]
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(labels, shares, multi_class="ovr"), abs=1e-9)
    assert found["average_precision"] == pytest.approx(metrics.average_precision_score(truth, shares), abs=1e-9)
    assert found["top5"] == pytest.approx(metrics.top_k_accuracy_score(labels, shares, k=5), abs=1e-9)
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(labels, shares.argmax(1)), abs=1e-9)
    expected = multiclass_calibration_error(logits.softmax(1), labels, K, n_bins=15)
    assert found["calibration_error"] == pytest.approx(float(expected), abs=1e-6)


def test_equal_scores_count_as_one_step() -> None:
    random = np.random.default_rng(0)
    truth = random.random(300) < 0.3
    scores = np.round(random.random(300) + 0.3 * truth, 1)
    ranked = rank(truth, scores)
    assert ranked.area == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert ranked.average_precision == pytest.approx(metrics.average_precision_score(truth, scores))
    x, y, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(ranked.roc[0], x)
    np.testing.assert_allclose(ranked.roc[1], y)


def test_a_class_that_never_occurs_is_left_out_of_the_means() -> None:
    logits, labels = _data()
    labels[labels == 3] = 2
    found = _meter(Classification(NAMES), logits, labels).result()
    shares = logits.softmax(1).numpy()
    known = [metrics.roc_auc_score(labels == k, shares[:, k]) for k in range(K) if k != 3]
    assert found["roc_auc"] == pytest.approx(np.mean(known))


def test_few_classes_have_no_top_five_and_a_quick_meter_no_curves() -> None:
    logits, labels = _data()
    few = Classification(NAMES[:5])
    assert "top5" not in _meter(few, logits[:, :5], labels % 5).result()
    quick = few.meter()
    quick.add(few.decode({"output": logits[:, :5]}, _batch(label=labels % 5)), _batch(label=labels % 5))
    assert set(quick.result()) == {"accuracy", "f1_macro"}


def test_report_draws_each_of_few_classes_and_the_mean_of_many() -> None:
    logits, labels = _data()
    task = Classification(NAMES)
    report = task.report(_meter(task, logits, labels), ())
    roc, precision, reliability = report.plots
    assert [line.name for line in roc.lines] == [*NAMES, "chance"]
    assert [line.name for line in precision.lines] == list(NAMES)
    assert all(((line.y >= 0) & (line.y <= 1)).all() for plot in report.plots for line in plot.lines)
    assert np.trapezoid(roc.lines[0].y, roc.lines[0].x) == pytest.approx(report.tables[0].rows[0][1], abs=0.01)
    assert reliability.lines[1].dashed
    many = Classification(tuple(f"class {k}" for k in range(20)))
    torch.manual_seed(1)
    wide, which = torch.randn(300, 20), torch.arange(300) % 20
    told = many.report(_meter(many, wide, which), ())
    assert [line.name for line in told.plots[0].lines] == ["mean of 20 classes", "chance"]
    assert len(told.tables[0].rows) == 20


def test_balanced_weights_are_those_of_scikit_learn_and_are_learned_with() -> None:
    logits, labels = _data(skewed=True)
    task = make_task("classification", NAMES, {"class_weights": "balanced"})
    task.learn_data({"label": labels})
    weights = torch.tensor(
        compute_class_weight("balanced", classes=np.arange(K), y=labels.numpy()), dtype=torch.float32
    )
    expected = functional.cross_entropy(logits, labels, weight=weights)
    assert _loss(task, logits, label=labels) == pytest.approx(float(expected), abs=1e-6)
    plain = functional.cross_entropy(logits, labels)
    assert float(task.penalties({"output": logits}, _batch(label=labels))["class"]) == pytest.approx(float(plain))


def test_focal_without_focus_is_cross_entropy_and_with_it_the_formula() -> None:
    logits, labels = _data()
    for smoothing in (0.0, 0.1):
        same = make_task("classification", NAMES, {"loss": "focal", "gamma": 0, "label_smoothing": smoothing})
        expected = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        assert _loss(same, logits, label=labels) == pytest.approx(float(expected), abs=1e-6)
    chance = logits.softmax(1)[torch.arange(N), labels]
    expected = (-((1 - chance) ** 2) * chance.log()).mean()
    focal = make_task("classification", NAMES, {"loss": "focal"})
    assert _loss(focal, logits, label=labels) == pytest.approx(float(expected), abs=1e-6)


def test_focal_learns_from_an_answer_that_is_quite_sure() -> None:
    logits = torch.tensor([[200.0, -200.0], [0.0, 0.0]], requires_grad=True)
    task = make_task("classification", ("a", "b"), {"loss": "focal", "gamma": 0.5, "label_smoothing": 0.1})
    task.losses({"output": logits}, _batch(label=torch.tensor([0, 1])))["class"].backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_one_against_the_rest() -> None:
    logits, labels = _data()
    task = make_task("classification", NAMES, {"loss": "binary cross-entropy"})
    assert isinstance(task, Classification)
    truth = functional.one_hot(labels, K).float()
    expected = functional.binary_cross_entropy_with_logits(logits, truth)
    assert _loss(task, logits, label=labels) == pytest.approx(float(expected), abs=1e-6)
    shares = task.probabilities(logits)
    assert torch.allclose(shares.sum(1), torch.ones(N))
    assert torch.equal(shares.argmax(1), logits.argmax(1))


@pytest.mark.parametrize("loss", ["cross-entropy", "focal", "binary cross-entropy"])
def test_mixed_pictures_are_told_by_both_labels(loss: str) -> None:
    logits, labels = _data()
    task = make_task("classification", NAMES, {"loss": loss})
    other, share = labels.roll(1), torch.rand(N)
    found = _loss(task, logits, label=labels, label_other=other, label_share=share)
    each = [
        share[i] * _loss(task, logits[i : i + 1], label=labels[i : i + 1])
        + (1 - share[i]) * _loss(task, logits[i : i + 1], label=other[i : i + 1])
        for i in range(N)
    ]
    assert found == pytest.approx(float(sum(each)) / N, abs=1e-5)
    sums = task.sums({"output": logits}, _batch(label=labels, label_other=other, label_share=share))
    assert float(sums["right"]) == float((logits.argmax(1) == labels).sum())


def test_further_outputs_help_in_training_alone() -> None:
    logits, labels = _data()
    outputs = {"answer": logits, "aux1": logits.flip(1), "aux2": 2 * logits}
    batch = _batch(label=labels)
    task = make_task("classification", NAMES, {"auxiliary_weight": 0.4})
    terms = task.losses(outputs, batch)
    entropies = [float(functional.cross_entropy(each, labels)) for each in outputs.values()]
    assert float(terms["class"]) == pytest.approx(entropies[0], abs=1e-6)
    assert float(terms["auxiliary"]) == pytest.approx(0.4 * (entropies[1] + entropies[2]), abs=1e-5)
    assert set(task.penalties(outputs, batch)) == {"class"}
    assert torch.equal(task.decode(outputs, batch)["predicted"], logits.argmax(1))
    seen = (1, 8, 8)
    task.check({"input": seen}, {"answer": (K,), "aux1": (K,)}, seen)
    with pytest.raises(BadInput, match="further output 'aux1' has 3 outputs"):
        task.check({"input": seen}, {"answer": (K,), "aux1": (3,)}, seen)


def test_several_labels_with_focus_equal_torchvision() -> None:
    from engine.tasks.classifying.losses import several_labels

    logits, _ = _data()
    truth = (torch.rand(N, K) < 0.3).float()
    expected = sigmoid_focal_loss(logits, truth, alpha=-1, gamma=2, reduction="mean")
    assert float(several_labels(logits, truth, gamma=2).mean()) == pytest.approx(float(expected), abs=1e-6)


def test_several_labels_with_little_focus_have_a_slope_everywhere() -> None:
    from engine.tasks.classifying.losses import several_labels

    logits = torch.tensor([[200.0, -200.0], [0.0, 0.0]], requires_grad=True)
    several_labels(logits, torch.tensor([[1.0, 0.0], [1.0, 0.0]]), gamma=0.5).mean().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_a_network_with_a_second_classifier_is_trained_measured_and_used(tmp_path: Path) -> None:
    layers = (
        NodeSpec("input", "Input", {"shape": [1, 8, 8]}),
        NodeSpec("conv", "Conv2d", {"out_channels": 8, "kernel_size": 3}),
        NodeSpec("relu", "ReLU"),
        NodeSpec("flat", "Flatten"),
        NodeSpec("linear", "Linear", {"out_features": 10}),
        NodeSpec("answer", "Output"),
        NodeSpec("side", "Linear", {"out_features": 10}),
        NodeSpec("aux", "Output"),
    )
    pairs = [("input", "conv"), ("conv", "relu"), ("relu", "flat"), ("flat", "linear"), ("linear", "answer")]
    edges = tuple(EdgeSpec(*pair) for pair in [*pairs, ("flat", "side"), ("side", "aux")])
    project = small_project().with_(
        network=NetworkSpec("Two heads", layers, edges),
        training=TrainingSpec(
            epochs=4, batch_size=64, device="cpu", optimiser=Choice(id="adam", options={"learning_rate": 0.01})
        ),
    )
    run_dir = tmp_path / "run"
    TrainJob(project, tmp_path, run_dir)(lambda event: None, CancelSource().token)
    info = run_info(run_dir)
    assert info.test["accuracy"] > 0.7
    last = info.rows[-1]
    assert last["train_loss"] == pytest.approx(last["train_loss_class"] + last["train_loss_auxiliary"], rel=1e-4)
    assert "val_loss_auxiliary" not in last
    evaluation = EvaluateJob(run_dir, tmp_path)(lambda event: None, CancelSource().token)
    assert [plot.title for plot in evaluation.report.plots] == ["ROC", "Precision and recall", "Reliability"]
    answer = open_predictor(str(run_dir), "cpu").predict(Frame(np.zeros((20, 20, 3), np.uint8)))
    assert isinstance(answer, Seen)
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
