"""Plots and tables of how well classes are ranked above others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.tasks.classifying.curves import Ranked, calibration, thinned
from engine.tasks.report import Line, Plot, Table

SHOWN = 12
"""Classes up to which each has a line of its own; of more, their mean is drawn."""


def roc_plot(names: Sequence[str], ranks: Sequence[Ranked]) -> Plot | None:
    """True positive rate over false positive rate, one class against the rest; None where no class has both."""
    known = [(name, ranked) for name, ranked in zip(names, ranks, strict=True) if ranked.area is not None]
    if not known:
        return None
    lines = [Line(name, *thinned(*ranked.roc)) for name, ranked in known[: SHOWN if len(known) <= SHOWN else 0]]
    if not lines:
        x = np.linspace(0, 1, 101)
        y = np.mean([np.interp(x, *ranked.roc) for _, ranked in known], axis=0)
        lines = [Line(f"mean of {len(known)} classes", x, y)]
    chance = Line("chance", np.array([0.0, 1.0]), np.array([0.0, 1.0]), dashed=True)
    return Plot("ROC", "False positive rate", "True positive rate", (*lines, chance))


def precision_recall_plot(names: Sequence[str], ranks: Sequence[Ranked]) -> Plot | None:
    """Precision over recall, one class against the rest; None where no class occurs."""
    known = [(name, ranked) for name, ranked in zip(names, ranks, strict=True) if ranked.positives]
    if not known:
        return None
    if len(known) <= SHOWN:
        lines = [Line(name, *thinned(*ranked.precision_recall[::-1])) for name, ranked in known]
    else:
        x = np.linspace(0, 1, 101)
        y = np.mean([_precision_at(ranked, x) for _, ranked in known], axis=0)
        lines = [Line(f"mean of {len(known)} classes", x, y)]
    return Plot("Precision and recall", "Recall", "Precision", tuple(lines))


def _precision_at(ranked: Ranked, recalls: np.ndarray) -> np.ndarray:
    """The precision where each recall is first reached."""
    precision, recall = ranked.precision_recall
    return precision[np.minimum(np.searchsorted(recall, recalls - 1e-12), len(recall) - 1)]


def reliability_plot(sure: np.ndarray, right: np.ndarray) -> Plot:
    """The share of right answers over how sure they were; on the diagonal a network knows what it knows."""
    means, shares, _ = calibration(sure, right)
    ideal = Line("as sure as right", np.array([0.0, 1.0]), np.array([0.0, 1.0]), dashed=True)
    return Plot("Reliability", "Confidence", "Share that is right", (Line("answers", means, shares), ideal))


def ranking_table(names: Sequence[str], ranks: Sequence[Ranked], counted: str = "pictures") -> Table:
    """Area under the ROC curve and average precision of every class; `counted` is what a class has so many of."""
    rows = tuple(
        (name, ranked.area, ranked.average_precision, ranked.positives)
        for name, ranked in zip(names, ranks, strict=True)
    )
    return Table("Ranking of the classes", ("class", "ROC AUC %", "average precision %", counted), rows)


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of those that are defined."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
