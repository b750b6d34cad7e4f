"""Losses of classifiers. Each takes logits (N, K), before softmax or sigmoid, and gives one number per sample."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax, one_hot


def balanced_weights(labels: Tensor, classes: int) -> Tensor:
    """Weights N / (K · count) of K classes, float32 (K,), as scikit-learn balances; 1 for a class that never occurs.

    Args:
        labels: int64 (N,). K counts only the classes that occur.
    """
    counts = labels.bincount(minlength=classes).double()
    there = counts > 0
    weights = len(labels) / (there.sum().clamp(min=1) * counts.clamp(min=1))
    return torch.where(there, weights, torch.ones_like(weights)).float()


def spread(labels: Tensor, classes: int, smoothing: float = 0.0) -> Tensor:
    """Targets (N, K): 1 for the class, of which the share `smoothing` is spread evenly over all K classes."""
    return one_hot(labels, classes) * (1.0 - smoothing) + smoothing / classes


def focal(
    logits: Tensor, labels: Tensor, gamma: float, weights: Tensor | None = None, smoothing: float = 0.0
) -> Tensor:
    """Focal loss `−(1 − p)^γ log p` of the true class (Lin et al. 2017), (N,); γ = 0 is cross-entropy.

    Args:
        weights: (K,), of the classes.
        smoothing: the share of the target that is spread over all classes.
    """
    log_p = log_softmax(logits.float(), 1)  # (N, K)
    if not smoothing:
        own = log_p.gather(1, labels[:, None])[:, 0]
        terms = -((1 - own.exp()).clamp(min=1e-12) ** gamma) * own
        return terms if weights is None else terms * weights[labels]
    terms = -((1 - log_p.exp()).clamp(min=1e-12) ** gamma) * log_p * spread(labels, logits.shape[1], smoothing)
    return (terms if weights is None else terms * weights).sum(1)


def one_vs_rest(logits: Tensor, labels: Tensor, weights: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
    """Binary cross-entropy of every class against all others, averaged over the classes, (N,).

    Args:
        weights: (K,); a sample counts as its class does.
    """
    targets = spread(labels, logits.shape[1], smoothing)
    terms = binary_cross_entropy_with_logits(logits.float(), targets, reduction="none").mean(1)
    return terms if weights is None else terms * weights[labels]


def several_labels(logits: Tensor, targets: Tensor, pos_weight: Tensor | None = None, gamma: float = 0.0) -> Tensor:
    """Binary cross-entropy of each label by itself, averaged over the labels, (N,).

    Args:
        targets: float (N, K), 1 for the labels that occur.
        pos_weight: (K,); how much a label counts where it occurs.
        gamma: of the focal loss `(1 − p)^γ`, where p is the probability of what is true; 0 for none.
    """
    logits = logits.float()
    terms = binary_cross_entropy_with_logits(logits, targets, pos_weight=pos_weight, reduction="none")
    if gamma:
        chance = logits.sigmoid()
        missed = targets * (1 - chance) + (1 - targets) * chance
        terms = terms * missed.clamp(min=1e-12) ** gamma
    return terms.mean(1)
