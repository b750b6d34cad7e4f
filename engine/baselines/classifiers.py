"""Classifiers of features: fitted by scikit-learn, kept as plain arrays, and carried out by a few lines of NumPy.

What is kept, float64: `mean` and `scale` (F,) of the features, `present` int64, the classes that training pictures
have, `steepness` (1,), and what the classifier has learned.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.baselines.spec import PictureBaseline
from engine.errors import BadInput

Arrays = Mapping[str, np.ndarray]
MISSING = 50.0
"""By how much the logit of a class without training pictures lies below all others."""


ROUNDS = 300
"""Steps of the solver of logistic regression at most."""
_QUICK = {"svm": 2e9, "rbf": 1e9, "logistic": 3e7, "bayes": 1e8}
"""What takes about a second: values times classes, and for support vector machines values times pictures."""


def is_quick(spec: PictureBaseline, features: np.ndarray, classes: int) -> bool:
    """Whether fitting to features (N, F) is done before a person would want to stop it."""
    pairs = spec.classifier in ("svm", "rbf")
    return features.size * (len(features) if pairs else classes) <= _QUICK[spec.classifier]


def fit_classifier(
    spec: PictureBaseline, features: np.ndarray, labels: np.ndarray, seed: int, balanced: bool = False
) -> dict[str, np.ndarray]:
    """Learn from features (N, F) and labels int64 (N,). Raises `BadInput` where there is only one class.

    Args:
        balanced: let all classes count alike, however many pictures each has.

    Besides what is kept it returns `settled` bool (1,): whether the solver came to an end by itself.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.class_weight import compute_sample_weight

    present = np.unique(labels)
    if len(present) < 2:
        raise BadInput(
            "The training pictures are all of one class, so there is nothing to tell apart.",
            "Give training a larger share on the Data page, or add pictures of other classes.",
        )
    values = features.astype(np.float64)
    scaler = StandardScaler().fit(values)
    weights = compute_sample_weight("balanced", labels) if balanced else None
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ConvergenceWarning)
        model = make_classifier(spec, seed).fit(scaler.transform(values), labels, sample_weight=weights)
    settled = not any(issubclass(one.category, ConvergenceWarning) for one in told)
    learned = {"mean": scaler.mean_, "scale": scaler.scale_, "present": present.astype(np.int64)}
    return {**learned, **_learned(spec.classifier, model), "steepness": np.ones(1), "settled": np.array([settled])}


def make_classifier(spec: PictureBaseline, seed: int) -> Any:
    """The classifier as scikit-learn has it, not yet fitted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import SVC

    if spec.classifier == "logistic":
        return LogisticRegression(C=spec.penalty, max_iter=ROUNDS, random_state=seed)
    if spec.classifier == "bayes":
        # HOG and histograms have features that hardly change within a class.
        return GaussianNB(var_smoothing=1e-3)
    # One class against each other one: many small problems, which are solved faster than one class against the rest.
    kernel = "linear" if spec.classifier == "svm" else "rbf"
    return SVC(C=spec.penalty, kernel=kernel, gamma="scale", break_ties=True, random_state=seed, cache_size=500)


def _learned(kind: str, model: Any) -> dict[str, np.ndarray]:
    if kind == "bayes":
        return {"prior": model.class_prior_, "centre": model.theta_, "variance": model.var_}
    if kind == "rbf":
        return {
            "gamma": np.array([model._gamma]),
            "vectors": model.support_vectors_,
            "dual": model.dual_coef_,
            "bias": model.intercept_,
            "counts": model.n_support_.astype(np.int64),
        }
    return {"weights": model.coef_, "bias": model.intercept_}


def decide(kind: str, arrays: Arrays, features: np.ndarray) -> np.ndarray:
    """The scores of the classes that were there, float64 (N, P), as scikit-learn's `decision_function` has them.

    Naive Bayes: the joint log-likelihood. With two classes the score d of the second becomes (0, d) in logistic
    regression, so that softmax gives its probabilities, and (−d, d) in support vector machines.
    """
    standard = (features.astype(np.float64) - arrays["mean"]) / arrays["scale"]
    if kind == "bayes":
        return _likelihood(arrays, standard)
    margins = _kernel_margins(arrays, standard) if kind == "rbf" else standard @ arrays["weights"].T + arrays["bias"]
    if margins.shape[1] == 1:
        return np.hstack([np.zeros_like(margins) if kind == "logistic" else -margins, margins])
    return margins if kind == "logistic" else _votes(margins)


def _likelihood(arrays: Arrays, features: np.ndarray) -> np.ndarray:
    """`log P(k) − ½ Σ log 2πσ² − ½ Σ (x − μ)²/σ²`, float64 (N, P)."""
    columns = []
    for prior, centre, variance in zip(arrays["prior"], arrays["centre"], arrays["variance"], strict=True):
        constant = np.log(prior) - 0.5 * np.sum(np.log(2 * np.pi * variance))
        columns.append(constant - 0.5 * np.sum((features - centre) ** 2 / variance, axis=1))
    return np.stack(columns, axis=1)


def _kernel_margins(arrays: Arrays, features: np.ndarray) -> np.ndarray:
    """How far on its side of each border between two classes a picture lies, float64 (N, P (P − 1) / 2)."""
    vectors, dual, counts = arrays["vectors"], arrays["dual"], arrays["counts"]
    distances = np.sum(features**2, 1)[:, None] + np.sum(vectors**2, 1)[None] - 2 * features @ vectors.T
    kernel = np.exp(-arrays["gamma"][0] * np.maximum(distances, 0))  # (N, S)
    starts = np.concatenate([[0], np.cumsum(counts)])
    parts = [slice(starts[k], starts[k + 1]) for k in range(len(counts))]
    return np.stack(
        [
            kernel[:, parts[i]] @ dual[j - 1, parts[i]] + kernel[:, parts[j]] @ dual[i, parts[j]] + bias
            for (i, j), bias in zip(_pairs(len(counts)), arrays["bias"], strict=True)
        ],
        axis=1,
    )


def _votes(margins: np.ndarray) -> np.ndarray:
    """The votes of all pairs of classes, and their margins where votes are equal, float64 (N, P)."""
    count = round((1 + (1 + 8 * margins.shape[1]) ** 0.5) / 2)
    votes, sums = np.zeros((len(margins), count)), np.zeros((len(margins), count))
    for column, (i, j) in enumerate(_pairs(count)):
        margin = margins[:, column]
        sums[:, i] += margin
        sums[:, j] -= margin
        votes[:, i] += margin >= 0
        votes[:, j] += margin < 0
    # The margins are squeezed into less than half a vote.
    return votes + sums / (3 * (np.abs(sums) + 1))


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]


def logits(kind: str, arrays: Arrays, features: np.ndarray, classes: int) -> np.ndarray:
    """Scores of all classes for softmax, float64 (N, K)."""
    scores = decide(kind, arrays, features) * arrays["steepness"][0]
    everything = np.repeat(scores.min(1, keepdims=True) - MISSING, classes, axis=1)
    everything[:, arrays["present"]] = scores
    return everything


def steepness(scores: np.ndarray, labels: np.ndarray) -> float:
    """The factor that makes softmax of the scores as sure as it is right: the least cross-entropy (Guo et al. 2017).

    Args:
        scores: (N, P), of pictures that nothing was learned from. labels: (N,), columns of the true classes.
    """
    doubt = 1 / (len(labels) + 2)  # Platt's (1999): without it, scores that are all right would be made endlessly steep
    best = (np.inf, 1.0)
    for factor in np.geomspace(1e-3, 50, 161).tolist():
        values = scores * factor
        values = values - values.max(1, keepdims=True)
        expected = (1 - doubt) * values[np.arange(len(labels)), labels] + doubt * values.mean(1)
        loss = np.mean(np.log(np.exp(values).sum(1)) - expected)
        best = min(best, (float(loss), factor))
    return best[1]
