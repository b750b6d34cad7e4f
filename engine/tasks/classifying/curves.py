"""Curves of classifiers and the areas under them, in plain NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15
POINTS = 200


@dataclass(frozen=True, eq=False)
class Ranked:
    """How often "yes" is right and wrong as the threshold is lowered past every score: float64 (P,) each.

    Attributes:
        right, wrong: pictures with a score of at least the threshold, of the class and of others.
        positives, negatives: of all pictures.
    """

    right: np.ndarray
    wrong: np.ndarray
    positives: int
    negatives: int

    @property
    def roc(self) -> tuple[np.ndarray, np.ndarray]:
        """False positive rate and true positive rate, both from 0 to 1; there must be positives and negatives."""
        return (
            np.concatenate([[0.0], self.wrong / self.negatives]),
            np.concatenate([[0.0], self.right / self.positives]),
        )

    @property
    def precision_recall(self) -> tuple[np.ndarray, np.ndarray]:
        """Precision and recall, (P,), recall rising; there must be positives."""
        return self.right / (self.right + self.wrong), self.right / self.positives

    @property
    def area(self) -> float | None:
        """Area under the ROC curve; None where one side is missing."""
        if not self.positives or not self.negatives:
            return None
        x, y = self.roc
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    @property
    def average_precision(self) -> float | None:
        """`Σ (Rₙ − Rₙ₋₁) Pₙ`, without interpolation; None where the class never occurs."""
        if not self.positives:
            return None
        precision, recall = self.precision_recall
        return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def rank(truth: np.ndarray, scores: np.ndarray) -> Ranked:
    """Rank pictures by their scores; equal scores count as one step.

    Args:
        truth: bool (N,). scores: float (N,).
    """
    order = np.argsort(-scores, kind="stable")
    truth, scores = truth[order], scores[order]
    last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)[: len(scores)]
    right = np.cumsum(truth, dtype=np.float64)[last]
    total = int(truth.sum())
    return Ranked(right, last + 1 - right, total, len(truth) - total)


def calibration(sure: np.ndarray, right: np.ndarray, bins: int = BINS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean confidence, accuracy and number of answers in each of `bins` equally wide bins that is not empty.

    Args:
        sure: float (N,), in 0..1. right: bool (N,).
    """
    places = np.clip(np.ceil(sure.astype(np.float64) * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    there = counts > 0
    means = np.bincount(places, sure, bins)[there] / counts[there]
    shares = np.bincount(places, right, bins)[there] / counts[there]
    return means, shares, counts[there]


def calibration_error(sure: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error `Σ nᵦ/N |accuracyᵦ − confidenceᵦ|` (Guo et al. 2017)."""
    means, shares, counts = calibration(sure, right, bins)
    return float(np.sum(counts * np.abs(means - shares)) / max(1, counts.sum()))


def kappa(confusion: np.ndarray) -> float | None:
    """Cohen's kappa, the agreement beyond chance, of counts (K, K); None where chance alone agrees always."""
    total = confusion.sum()
    if not total:
        return None
    expected = float(confusion.sum(0) @ confusion.sum(1)) / float(total) ** 2
    return None if expected >= 1 else (float(np.trace(confusion) / total) - expected) / (1 - expected)


def thinned(x: np.ndarray, y: np.ndarray, most: int = POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most `most` of the points, the first and the last among them."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).round().astype(int))
    return x[chosen], y[chosen]
