"""Measures against scikit-learn, also where a class is missing or nobody was taken for it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics

from engine.errors import BadInput
from engine.tasks.base import TASKS, make_task
from engine.tasks.batch import Batch
from engine.tasks.kinds.classification import Classification

CLASSES = tuple("abcdef")


def _answers(kind: str) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    truth = random.integers(0, 6, 500)
    predicted = np.where(random.random(500) < 0.6, truth, random.integers(0, 6, 500))
    if kind == "imbalanced":
        truth[:400] = 2
    if kind == "never predicted":
        predicted[predicted == 3] = 0
    if kind == "absent":
        truth[truth == 4] = 5
        predicted[predicted == 4] = 5
    return truth, predicted


@pytest.mark.parametrize("kind", ["plain", "imbalanced", "never predicted", "absent"])
def test_measures(kind: str) -> None:
    truth, predicted = _answers(kind)
    found = Classification(CLASSES).scores(torch.from_numpy(predicted), torch.from_numpy(truth))
    expected = {"accuracy": metrics.accuracy_score(truth, predicted)}
    for average in ("macro", "weighted"):
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            truth, predicted, average=average, zero_division=0
        )
        expected |= {f"precision_{average}": precision, f"recall_{average}": recall, f"f1_{average}": f1}
    assert dict(found) == pytest.approx(expected, abs=1e-6)
    some = Classification(CLASSES).scores(torch.from_numpy(predicted), torch.from_numpy(truth), ("f1_macro",))
    assert dict(some) == {name: found[name] for name in ("accuracy", "f1_macro")}


@pytest.mark.parametrize("kind", ["plain", "imbalanced", "never predicted", "absent"])
def test_rows_and_confusion(kind: str) -> None:
    truth, predicted = _answers(kind)
    task = Classification(CLASSES)
    rows = task.rows(torch.from_numpy(predicted), torch.from_numpy(truth))
    columns = metrics.precision_recall_fscore_support(truth, predicted, labels=range(6), zero_division=np.nan)
    for k, row in enumerate(rows):
        assert row.name == CLASSES[k]
        assert row.support == (truth == k).sum()
        assert row.predicted == (predicted == k).sum()
        for ours, theirs in zip((row.precision, row.recall, row.f1), (c[k] for c in columns[:3]), strict=True):
            assert ours is None if np.isnan(theirs) else ours == pytest.approx(theirs, abs=1e-6)
    confusion = task.confusion(torch.from_numpy(predicted), torch.from_numpy(truth)).numpy()
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(truth, predicted, labels=range(6)))


def test_all_right_is_exactly_one() -> None:
    for count in range(30, 330, 7):
        truth = torch.arange(count) % 6
        task = Classification(CLASSES)
        assert set(task.scores(truth, truth).values()) == {1.0}
        assert {row.f1 for row in task.rows(truth, truth)} == {1.0}


def test_nothing_measured_is_nothing_said() -> None:
    empty = torch.empty(0, dtype=torch.int64)
    assert Classification(CLASSES).scores(empty, empty) == {}


def test_loss_and_decode() -> None:
    task = make_task("classification", ("no", "yes"), {"label_smoothing": 0.1})
    outputs = {"output": torch.tensor([[2.0, 0.0], [1.0, 3.0]])}
    batch = Batch((torch.zeros(2, 1),), {"label": torch.tensor([0, 1])})
    # log(1 + e^-2) = 0.126928; smoothing spreads a tenth of the target over both: + 0.05 * 2
    assert float(task.penalties(outputs, batch)["class"]) == pytest.approx(0.126928, abs=1e-6)
    assert float(task.losses(outputs, batch)["class"]) == pytest.approx(0.226928, abs=1e-6)
    decoded = task.decode(outputs, batch)
    assert decoded["predicted"].tolist() == [0, 1]
    assert decoded["confidence"].tolist() == pytest.approx([0.880797, 0.880797], abs=1e-6)


def test_running_measures_add_up() -> None:
    task = Classification(CLASSES)
    outputs, targets = torch.randn(50, 6), torch.randint(0, 6, (50,))
    right = 0.0
    for i in range(0, 50, 7):
        batch = Batch((outputs[i : i + 7],), {"label": targets[i : i + 7]})
        right += float(task.sums({"output": outputs[i : i + 7]}, batch)["right"])
    found = task.running({"right": right}, 50)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(targets, outputs.argmax(1)))


@pytest.mark.parametrize(
    ("shape", "words"), [((5,), "5 outputs and the data has 6 classes"), ((6, 4, 4), "shape 6×4×4")]
)
def test_an_unfit_output_is_told(shape: tuple[int, ...], words: str) -> None:
    task = TASKS.get("classification")(CLASSES)
    seen = (1, 8, 8)
    with pytest.raises(BadInput, match=words):
        task.check({"input": seen}, {"output": shape}, seen)
    task.check({"input": seen}, {"output": (6,)}, seen)
