"""Several labels for each picture: measures against scikit-learn, and a small network that learns them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics
from torch import Tensor
from torch.nn import functional

from engine.cancel import CancelSource
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.errors import BadInput
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.project.spec import ProjectSpec
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.kinds.multilabel import Multilabel
from engine.training.evaluate import EvaluateJob
from engine.training.job import TrainJob
from engine.training.runs import run_info
from engine.training.spec import TrainingSpec

NAMES = ("ball", "cube", "ring", "cross")


def _data() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    truth = (torch.rand(300, 4) < torch.tensor([0.5, 0.3, 0.2, 0.1])).float()
    return torch.randn(300, 4) + 2 * truth - 1, truth


def _batch(truth: Tensor) -> Batch:
    return Batch((torch.zeros(len(truth), 1),), {"labels": truth})


def test_measures_equal_scikit_learn() -> None:
    logits, truth = _data()
    task = Multilabel(NAMES)
    meter = task.meter(full=True)
    for start in range(0, 300, 64):
        batch = _batch(truth[start : start + 64])
        meter.add(task.decode({"output": logits[start : start + 64]}, batch), batch)
    chances, said = logits.sigmoid().numpy(), logits.numpy() >= 0
    expected = {
        "mean_average_precision": metrics.average_precision_score(truth, chances),
        "f1_micro": metrics.f1_score(truth, said, average="micro"),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "subset_accuracy": metrics.accuracy_score(truth, said),
        "hamming": metrics.hamming_loss(truth, said),
    }
    assert dict(meter.result()) == pytest.approx(expected, abs=1e-9)
    report = task.report(meter, ())
    precision, recall, f1, support = metrics.precision_recall_fscore_support(truth, said)
    for k, row in enumerate(report.tables[0].rows):
        assert row[0] == NAMES[k]
        assert row[1] == pytest.approx(metrics.average_precision_score(truth[:, k], chances[:, k]))
        assert row[2] == pytest.approx(metrics.roc_auc_score(truth[:, k], chances[:, k]))
        assert row[3:6] == pytest.approx((precision[k], recall[k], f1[k]))
        assert row[6:] == (support[k], said[:, k].sum())
    assert [plot.title for plot in report.plots] == ["Precision and recall", "ROC"]


def test_a_label_that_never_occurs_is_undefined_and_left_out() -> None:
    logits, truth = _data()
    truth[:, 2], logits[:, 2] = 0, -5
    task = Multilabel(NAMES)
    meter = task.meter()
    meter.add(task.decode({"output": logits}, _batch(truth)), _batch(truth))
    known = [k for k in range(4) if k != 2]
    expected = metrics.average_precision_score(truth[:, known], logits[:, known].sigmoid())
    assert meter.result()["mean_average_precision"] == pytest.approx(expected)
    assert meter.rows()[2] == (None, None, None, None, None, 0, 0)
    assert Multilabel(NAMES).meter().result() == {}


def test_loss_counts_rare_labels_more_only_in_training() -> None:
    logits, truth = _data()
    task = make_task("multilabel", NAMES, {"pos_weight": "balanced"})
    task.learn_data({"labels": truth})
    weights = (truth == 0).sum(0) / (truth == 1).sum(0)
    expected = functional.binary_cross_entropy_with_logits(logits, truth, pos_weight=weights)
    assert float(task.losses({"o": logits}, _batch(truth))["labels"]) == pytest.approx(float(expected), abs=1e-6)
    plain = functional.binary_cross_entropy_with_logits(logits, truth)
    assert float(task.penalties({"o": logits}, _batch(truth))["labels"]) == pytest.approx(float(plain), abs=1e-6)


def test_the_threshold_decides() -> None:
    task = make_task("multilabel", NAMES[:2], {"threshold": 0.8})
    logits, truth = torch.tensor([[1.0, 2.0], [3.0, 3.0]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert task.decode({"o": logits}, _batch(truth))["labels"].tolist() == [[False, True], [True, True]]
    assert float(task.sums({"o": logits}, _batch(truth))["right"]) == 1
    assert task.running({"right": 1.0}, 2) == {"subset_accuracy": 0.5}


def test_sketch_names_what_was_found_and_missed() -> None:
    answer = {"probabilities": np.array([0.9, 0.2, 0.7, 0.1]), "labels": np.array([1.0, 0.0, 1.0, 0.0])}
    told = Multilabel(NAMES).sketch(np.zeros((8, 8), np.uint8), answer, {"labels": np.array([1.0, 1.0, 0.0, 0.0])})
    assert (told.caption, told.note, told.mark) == ("ball, ring", "missed cube, not there: ring", "wrong")
    same = Multilabel(NAMES).sketch(np.zeros((8, 8), np.uint8), answer, {"labels": np.array([1.0, 0.0, 1.0, 0.0])})
    assert (same.note, same.mark) == ("", "right")


def test_an_unfit_output_is_told() -> None:
    with pytest.raises(BadInput, match="the data has 4 labels"):
        Multilabel(NAMES).check({"i": (1, 8, 8)}, {"o": (3,)}, (1, 8, 8))


def _project() -> ProjectSpec:
    layers = [
        NodeSpec("input", "Input", {"shape": [3, 32, 32]}),
        NodeSpec("conv1", "Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        NodeSpec("norm1", "BatchNorm2d"),
        NodeSpec("relu1", "ReLU"),
        NodeSpec("pool1", "MaxPool2d", {"kernel_size": 2}),
        NodeSpec("conv2", "Conv2d", {"out_channels": 32, "kernel_size": 3, "padding": 1}),
        NodeSpec("norm2", "BatchNorm2d"),
        NodeSpec("relu2", "ReLU"),
        NodeSpec("pool2", "AdaptiveMaxPool2d", {"output_size": 1}),
        NodeSpec("flatten", "Flatten"),
        NodeSpec("linear", "Linear", {"out_features": 3}),
        NodeSpec("output", "Output"),
    ]
    edges = tuple(EdgeSpec(a.id, b.id) for a, b in pairwise(layers))
    return ProjectSpec(
        "Several",
        task="multilabel",
        network=NetworkSpec("Several", tuple(layers), edges),
        data=DataSpec(
            source=Choice(id="shapes", options={"count": 300, "height": 32, "width": 32, "difficulty": "medium"}),
            preprocess=PreprocessSpec(height=32, width=32, channels=3),
        ),
        training=TrainingSpec(
            epochs=6, batch_size=16, device="cpu", optimiser=Choice(id="adam", options={"learning_rate": 0.01})
        ),
    )


def test_a_small_network_learns_which_solids_a_picture_shows(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    TrainJob(_project(), tmp_path, run_dir)(lambda event: None, CancelSource().token)
    info = run_info(run_dir)
    course = [row["val_mean_average_precision"] for row in info.rows]
    assert info.headline == "mean_average_precision"
    assert max(course) > course[0] + 0.05
    evaluation = EvaluateJob(run_dir, tmp_path)(lambda event: None, CancelSource().token)
    assert evaluation.measures["mean_average_precision"] > 0.8
    assert dict(evaluation.measures) == pytest.approx(info.test)
    assert len(evaluation.report.examples) == min(48, evaluation.count)
    assert (run_dir / "report" / "test_labels.csv").is_file()
