"""Matching: pairs and rounds, the losses of the papers, and measures against scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from engine.errors import BadInput
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.kinds.matching import Matching
from engine.tasks.matching.losses import binary_cross_entropy, contrastive, triplet
from engine.tasks.matching.pairs import episodes, paired, side_by_side, tripled
from engine.tasks.matching.verification import verify

CLASSES = tuple("abcdefgh")


def task(**options: object) -> Matching:
    made = make_task("matching", CLASSES, options)
    assert isinstance(made, Matching)
    return made


def numbered(labels: list[int], epoch: int = 0, seed: int = 0) -> Batch:
    """Pictures (N, 1, 1, 1) that hold their place in the dataset, so that one can see which was taken."""
    places = torch.arange(len(labels)) + 100
    pictures = places.float().reshape(-1, 1, 1, 1)
    return Batch((pictures,), {"label": torch.tensor(labels)}, places.numpy(), epoch, seed)


def test_half_the_pairs_show_the_same_and_none_a_picture_with_itself() -> None:
    labels = [0, 1, 2, 3] * 8
    batch = paired(numbered(labels))
    left, right = (side.flatten().long() - 100 for side in batch.inputs)
    same = batch.targets["same"].bool()
    assert same.sum() == 16
    assert torch.equal(torch.tensor(labels)[left] == torch.tensor(labels)[right], same)
    assert not (left == right).any()
    assert torch.equal(left, torch.arange(32))


def test_pairs_follow_from_seed_epoch_and_batch_alone() -> None:
    labels = [0, 1, 2, 0, 1, 2] * 4
    again = [paired(numbered(labels, epoch=e, seed=s)).inputs[1] for e, s in ((3, 1), (3, 1), (4, 1), (3, 2))]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])
    assert not torch.equal(again[0], again[3])


def test_partners_are_spread_over_all_that_fit() -> None:
    labels = [0] * 20 + [1] * 20
    taken = torch.stack([paired(numbered(labels, epoch=e)).inputs[1].flatten() for e in range(200)])
    first = (taken[:, 0] - 100).long()
    assert set(first.tolist()) == set(range(1, 40))
    assert 0.4 < float((first < 20).float().mean()) < 0.6


def test_a_picture_without_its_like_gets_another_and_one_without_another_its_like() -> None:
    lonely = paired(numbered([0, 1, 2, 3]))
    assert not lonely.targets["same"].any()
    assert (lonely.inputs[0] != lonely.inputs[1]).all()
    alike = paired(numbered([5, 5, 5]))
    assert alike.targets["same"].all()
    assert (alike.inputs[0] != alike.inputs[1]).all()


def test_triplets_hold_a_like_and_an_unlike_picture() -> None:
    labels = torch.tensor([0, 0, 1, 1, 1, 2])
    batch = tripled(numbered(labels.tolist()))
    anchor, other = (side.flatten().long() - 100 for side in batch.inputs)
    whole = batch.targets["whole"].bool()
    assert whole.tolist() == [True] * 5 + [False]
    assert torch.equal(anchor, torch.arange(6).repeat(2))
    like, unlike = other.chunk(2)
    assert (labels[like[:5]] == labels[:5]).all()
    assert (like[:5] != torch.arange(5)).all()
    assert (labels[unlike] != labels).all()


def test_rounds_ask_for_one_of_several_classes_by_other_pictures() -> None:
    labels = np.repeat(np.arange(8), 6)
    rounds = episodes(labels, ways=5, shots=2, count=300, seed=4)
    assert rounds.shape == (300, 11)
    assert np.array_equal(rounds, episodes(labels, 5, 2, 300, 4))
    assert not np.array_equal(rounds, episodes(labels, 5, 2, 300, 5))
    asked, shown = labels[rounds[:, 0]], labels[rounds[:, 1:]].reshape(300, 5, 2)
    assert (shown[:, :, 0] == shown[:, :, 1]).all()
    assert all(len(set(row)) == 5 for row in shown[:, :, 0].tolist())
    right = shown[:, :, 0] == asked[:, None]
    assert (right.sum(1) == 1).all()
    assert all(len(set(row)) == 11 for row in rounds.tolist()), "no picture twice in a round"
    counts = np.bincount(right.argmax(1), minlength=5)
    assert counts.min() > 35, "the right one may stand anywhere"


def test_fewer_classes_make_smaller_rounds_and_one_makes_none() -> None:
    assert episodes(np.array([0, 0, 1, 1, 1]), 5, 1, 7, 0).shape == (7, 3)
    with pytest.raises(BadInput, match="no two such classes"):
        episodes(np.array([0, 0, 0]), 5, 1, 7, 0)
    with pytest.raises(BadInput, match="2 pictures of a class"):
        episodes(np.array([0, 1, 2]), 5, 1, 7, 0)


def test_the_contrastive_loss_is_that_of_hadsell_chopra_and_lecun() -> None:
    distance, same = torch.tensor([0.5, 0.5, 1.5, 3.0]), torch.tensor([1.0, 0.0, 0.0, 0.0])
    expected = torch.tensor([0.5 * 0.25, 0.5 * 1.5**2, 0.5 * 0.5**2, 0.0])
    assert torch.allclose(contrastive(distance, same, margin=2.0), expected)


def test_the_triplet_loss_is_that_of_facenet() -> None:
    """|a − p|² − |a − n|² + α on three points, worked out from the points themselves."""
    a, p, n = torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]), torch.tensor([5.0, 1.0])
    assert float(triplet((a - p).norm(), (a - n).norm(), 2.0)) == pytest.approx(25 - 26 + 2)
    assert float(triplet((a - n).norm(), (a - n).norm() * 3, 2.0)) == 0.0


def test_cross_entropy_is_that_of_pytorch_and_never_infinite() -> None:
    chance, same = torch.rand(50), (torch.rand(50) < 0.5).float()
    expected = torch.nn.functional.binary_cross_entropy(chance, same, reduction="none")
    assert torch.allclose(binary_cross_entropy(chance, same), expected, atol=1e-5)
    assert torch.isfinite(binary_cross_entropy(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]))).all()


def test_a_batch_is_scored_by_its_pairs_or_triplets() -> None:
    labels = [0, 0, 1, 1]
    for loss in ("contrastive", "triplet"):
        one = task(loss=loss, margin=1.0)
        fed = one.feed(numbered(labels))
        far = torch.where(fed.targets["label"].repeat(2)[: len(fed)] >= 0, 3.0, 0.0)[:, None].requires_grad_()
        (value,) = one.losses({"output": far}, fed).values()
        value.backward()
        # All distances 3: equal pairs cost ½·9, others nothing; of triplets what is left is the margin.
        assert value.item() == pytest.approx(0.5 * 4.5 if loss == "contrastive" else 1.0)


def measured(
    one: Matching, labels: np.ndarray, distance_of: object, count: int = 200
) -> tuple[dict[str, float], Batch]:
    """The measures of a network whose distances are a function of two pictures."""
    rounds = one.rounds(labels, 0)
    assert rounds is not None
    rounds = rounds[:count]
    values = torch.arange(len(labels)).float()
    targets = {"label" + (str(j) if j else ""): torch.from_numpy(labels[rounds[:, j]]) for j in range(rounds.shape[1])}
    inputs = tuple(values[rounds[:, j]].reshape(-1, 1, 1, 1) for j in range(rounds.shape[1]))
    fed = one.feed(Batch(inputs, targets, rounds[:, 0]))
    left, right = (side.flatten().long().numpy() for side in fed.inputs)
    distances = torch.tensor([distance_of(a, b) for a, b in zip(left, right, strict=True)])[:, None]  # type: ignore[operator]
    meter = one.meter()
    meter.add(one.decode({"output": distances}, fed), fed)
    penalties = one.penalties({"output": distances}, fed)
    assert all(torch.isfinite(value) for value in penalties.values())
    return dict(meter.result()), fed


def test_a_perfect_distance_is_always_right_and_a_collapsed_one_by_chance() -> None:
    labels = np.repeat(np.arange(8), 5)
    one = task()
    perfect, fed = measured(one, labels, lambda a, b: float(labels[a] != labels[b]))
    assert fed.targets["same"].shape == (200, 5)
    assert perfect == {"n_way_accuracy": 1.0, "verification_auc": 1.0, "verification_accuracy": 1.0, "equal_error": 0.0}
    collapsed, _ = measured(one, labels, lambda a, b: 0.0)
    assert 0.1 < collapsed["n_way_accuracy"] < 0.3
    assert collapsed["verification_auc"] == pytest.approx(0.5)
    worst, _ = measured(one, labels, lambda a, b: float(labels[a] == labels[b]))
    assert worst["n_way_accuracy"] == 0.0


def test_a_probability_is_read_the_other_way_round() -> None:
    labels = np.repeat(np.arange(6), 4)
    found, _ = measured(task(loss="cross-entropy"), labels, lambda a, b: 0.9 if labels[a] == labels[b] else 0.2)
    assert found["n_way_accuracy"] == 1.0


def test_several_shots_are_averaged() -> None:
    labels = np.repeat(np.arange(6), 6)
    one = task(shots=3, ways=4)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.8, (36, 36))
    single, _ = measured(task(ways=4), labels, lambda a, b: float(labels[a] != labels[b]) + noise[a, b])
    several, fed = measured(one, labels, lambda a, b: float(labels[a] != labels[b]) + noise[a, b])
    assert fed.targets["same"].shape == (200, 12)
    assert several["n_way_accuracy"] > single["n_way_accuracy"] + 0.05


def test_verification_equals_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    same = rng.random(500) < 0.4
    distances = np.round(rng.normal(2 - same, 0.8), 1)  # rounded, so that many are equal
    found = verify(distances, same)
    assert found is not None
    assert found.area == pytest.approx(roc_auc_score(same, -distances), abs=1e-12)
    alarms, hits, _ = roc_curve(same, -distances, drop_intermediate=False)
    assert np.allclose(found.false_alarms, alarms)
    assert np.allclose(found.hits, hits)
    assert found.accuracy == pytest.approx(((hits + 1 - alarms) / 2).max())
    crossing = np.interp(0, (alarms - (1 - hits)), alarms)
    assert found.equal_error == pytest.approx(crossing, abs=1e-12)
    taken = distances <= found.threshold
    assert (taken[same].mean() + (~taken)[~same].mean()) / 2 == pytest.approx(found.accuracy)
    assert verify(distances, np.ones(500, bool)) is None


def test_the_report_has_a_row_for_each_class_and_the_curve() -> None:
    labels = np.repeat(np.arange(8), 5)
    one = task()
    _, fed = measured(one, labels, lambda a, b: 0.0)
    meter = one.meter(full=True)
    same = fed.targets["same"]
    meter.add({"distances": torch.where(same > 0, 0.1, 0.5)}, fed)
    report = one.report(meter, [])
    assert [row[0] for row in report.tables[0].rows] == list(CLASSES)
    assert sum(row[1] for row in report.tables[0].rows) == 200
    assert all(row[2] == 1.0 for row in report.tables[0].rows)
    assert report.plots[0].lines[0].y[-1] == 1.0


def test_the_sketch_marks_the_right_example_and_a_wrong_choice() -> None:
    one = task()
    picture = np.zeros((8, 8), np.uint8)
    truth = {"label": np.array(2), "same": np.array([0, 0, 1, 0, 0], np.float32)}
    truth |= {f"label{j}": np.array(label) for j, label in enumerate((0, 1, 2, 3, 4), start=1)}
    truth |= {f"input{j}": np.full((8, 8), 40 * j, np.uint8) for j in range(1, 6)}
    right = one.sketch(picture, {"distances": np.array([0.9, 0.8, 0.1, 0.7, 0.9])}, truth)
    wrong = one.sketch(picture, {"distances": np.array([0.9, 0.05, 0.1, 0.7, 0.9])}, truth)
    assert (right.mark, wrong.mark) == ("right", "wrong")
    assert wrong.caption == "c → b"
    assert right.score == pytest.approx(0.6)
    assert wrong.score < 0 < right.score
    assert right.image.dtype == np.uint8
    assert not np.array_equal(right.image, wrong.image)
    assert np.array_equal(right.image[3:75, 3:75].max(2), np.zeros((72, 72)))
    colour = one.sketch(np.zeros((8, 8, 3), np.uint8), {"distances": np.arange(5.0)},
                        truth | {f"input{j}": np.zeros((8, 8, 3), np.uint8) for j in range(1, 6)})  # fmt: skip
    assert colour.image.shape == right.image.shape


def test_networks_that_do_not_fit_are_refused_in_plain_words() -> None:
    one, picture = task(), (1, 8, 8)
    one.check({"left": picture, "right": picture}, {"distance": (1,)}, picture)
    with pytest.raises(BadInput, match="1 input "):
        one.check({"input": picture}, {"distance": (1,)}, picture)
    with pytest.raises(BadInput, match="'right' takes 1×9×9"):
        one.check({"left": picture, "right": (1, 9, 9)}, {"distance": (1,)}, picture)
    with pytest.raises(BadInput, match="needs a single number"):
        one.check({"left": picture, "right": picture}, {"classes": (10,)}, picture)
    with pytest.raises(BadInput, match="pictures are 3×8×8"):
        one.check({"left": picture, "right": picture}, {"distance": (1,)}, (3, 8, 8))


def test_rounds_keep_their_rows_whatever_the_network_is_given() -> None:
    batch = numbered([0, 1, 2])
    fed = side_by_side(
        replace(batch, inputs=batch.inputs * 4, targets={f"label{j or ''}": torch.arange(3) for j in range(4)})
    )
    assert [len(side) for side in fed.inputs] == [9, 9]
    assert len(fed.targets["same"]) == 3
