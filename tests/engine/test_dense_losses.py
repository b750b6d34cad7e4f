"""Losses of maps, written out by hand in numpy; what nobody has labelled changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.nn import functional

from engine.datasets.annotation import IGNORE
from engine.tasks.dense.edge_losses import balanced_cross_entropy
from engine.tasks.dense.normal_measures import cosine_loss, square_loss
from engine.tasks.dense.region_losses import (
    balanced_weights,
    class_counts,
    cross_entropy,
    dice,
    focal,
    soft_jaccard,
)

CLASSES = 4
LOSSES = {"cross_entropy": cross_entropy, "focal": focal, "dice": dice, "iou": soft_jaccard}


def scene(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Scores (3, 4, 6, 7) and truth without class 3, a tenth of it unknown."""
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(3, CLASSES, 6, 7, generator=generator)
    truth = torch.randint(0, CLASSES - 1, (3, 6, 7), generator=generator)
    truth[torch.rand(truth.shape, generator=generator) < 0.1] = IGNORE
    return scores, truth.byte()


def pixels(scores: Tensor, truth: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (P, C) and classes (P,) of the labelled pixels."""
    rows = scores.double().numpy().transpose(0, 2, 3, 1).reshape(-1, scores.shape[1])
    shares = np.exp(rows) / np.exp(rows).sum(1, keepdims=True)
    flat = truth.numpy().ravel()
    return shares[flat != IGNORE], flat[flat != IGNORE]


def test_cross_entropy_is_pytorchs_without_the_unknown() -> None:
    scores, truth = scene()
    weights = torch.tensor([0.2, 1.0, 3.0, 5.0])
    for given in (None, weights):
        theirs = functional.cross_entropy(scores, truth.long(), weight=given, ignore_index=IGNORE)
        torch.testing.assert_close(cross_entropy(scores, truth, given), theirs)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal_loss_is_the_papers(gamma: float) -> None:
    scores, truth = scene()
    shares, classes = pixels(scores, truth)
    p = shares[np.arange(len(classes)), classes]
    assert float(focal(scores, truth, gamma)) == pytest.approx((-((1 - p) ** gamma) * np.log(p)).mean(), rel=1e-5)
    weights = np.array([0.2, 1.0, 3.0, 5.0])
    w = weights[classes]
    expected = (-w * (1 - p) ** gamma * np.log(p)).sum() / w.sum()
    assert float(focal(scores, truth, gamma, torch.tensor(weights).float())) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weights", [None, (0.2, 1.0, 3.0, 5.0)])
def test_dice_and_jaccard_compare_regions(weights: tuple[float, ...] | None) -> None:
    scores, truth = scene()
    shares, classes = pixels(scores, truth)
    there = np.eye(CLASSES)[classes]
    both, found, real = (shares * there).sum(0), shares.sum(0), there.sum(0)
    w = np.ones(CLASSES) if weights is None else np.array(weights)
    given = None if weights is None else torch.tensor(weights)
    expected = 1 - np.average((2 * both + 1) / (found + real + 1), weights=w)
    assert float(dice(scores, truth, given)) == pytest.approx(expected, rel=1e-5)
    expected = 1 - np.average((both + 1) / (found + real - both + 1), weights=w)
    assert float(soft_jaccard(scores, truth, given)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_unknown_pixels_neither_count_nor_learn(name: str) -> None:
    scores, truth = scene()
    loss: Callable[..., Tensor] = LOSSES[name]
    scores.requires_grad_()
    value = loss(scores, truth)
    value.backward()
    assert scores.grad is not None
    unknown = (truth == IGNORE)[:, None].expand_as(scores)
    assert not scores.grad[unknown].any()
    assert scores.grad[~unknown].any()
    other = torch.where(unknown, 100 * torch.randn(scores.shape), scores.detach())
    torch.testing.assert_close(loss(other, truth), value.detach())


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_labels_has_no_loss_and_no_bad_gradient(name: str) -> None:
    scores, truth = scene()
    scores.requires_grad_()
    value = LOSSES[name](scores, torch.full_like(truth, IGNORE), weights=torch.ones(CLASSES))
    value.backward()
    assert float(value.detach()) == pytest.approx(0, abs=1e-6)
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_certainty_gives_the_least_loss_and_finite_gradients(name: str) -> None:
    _, truth = scene()
    known = truth.masked_fill(truth == IGNORE, 0).long()
    right = 60 * functional.one_hot(known, CLASSES).movedim(-1, 1).float()
    for scores in (right, -right):
        scores.requires_grad_()
        LOSSES[name](scores, truth).backward()
        assert scores.grad is not None
        assert scores.grad.isfinite().all()
    assert float(LOSSES[name](right.detach(), truth)) == pytest.approx(0, abs=1e-4)
    assert float(LOSSES[name](-right.detach(), truth)) > 0.3


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 10, (300, 8, 8), generator=generator).clamp(max=2).byte()
    truth[:, 0] = IGNORE
    counts = class_counts(truth, CLASSES)
    labels = truth[truth != IGNORE].numpy()
    assert counts.tolist() == np.bincount(labels, minlength=CLASSES).tolist()
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(balanced_weights(counts[:3]), theirs, rtol=1e-6)
    assert float(balanced_weights(counts)[3]) == 1


def test_edges_weigh_as_much_as_everything_else() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 9, 9, generator=generator)
    truth = (torch.rand(2, 9, 9, generator=generator) < 0.15).byte()
    truth[:, :2] = IGNORE
    flat, real = logits.numpy().ravel().astype(np.float64), truth.numpy().ravel()
    flat, real = flat[real != IGNORE], real[real != IGNORE]
    p = 1 / (1 + np.exp(-flat))
    beta = 1 - real.mean()
    expected = -(beta * real * np.log(p) + (1 - beta) * (1 - real) * np.log(1 - p)).mean()
    assert float(balanced_cross_entropy(logits, truth)) == pytest.approx(expected, rel=1e-5)
    plain = -(real * np.log(p) + (1 - real) * np.log(1 - p)).mean()
    assert float(balanced_cross_entropy(logits, truth, balanced=False)) == pytest.approx(plain, rel=1e-5)
    logits.requires_grad_()
    balanced_cross_entropy(logits, truth).backward()
    assert logits.grad is not None
    assert not logits.grad[truth == IGNORE].any()
    assert float(balanced_cross_entropy(logits.detach(), torch.full_like(truth, IGNORE))) == 0


def test_normals_are_compared_where_they_are_known() -> None:
    generator = torch.Generator().manual_seed(2)
    found = torch.randn(2, 3, 5, 5, generator=generator, requires_grad=True)
    truth = functional.normalize(torch.randn(2, 3, 5, 5, generator=generator), dim=1)
    truth[:, :, 0] = 0
    a, b = found.detach()[:, :, 1:].numpy(), truth[:, :, 1:].numpy()
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1)
    assert float(cosine_loss(found.detach(), truth)) == pytest.approx((1 - cosines).mean(), rel=1e-5)
    assert float(square_loss(found.detach(), truth)) == pytest.approx(((a - b) ** 2).sum(1).mean(), rel=1e-5)
    (cosine_loss(found, truth) + square_loss(found, truth)).backward()
    assert found.grad is not None
    assert not found.grad[:, :, 0].any()
    nothing = torch.zeros_like(truth)
    assert float(cosine_loss(found.detach(), nothing)) == float(square_loss(found.detach(), nothing)) == 0
