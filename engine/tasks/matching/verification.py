"""How well distances tell pairs that show the same from pairs that do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Verification:
    """Every threshold on the distance at once. All arrays are float64, (P,), from the strictest threshold on.

    Attributes:
        false_alarms: share of the different pairs that are taken for the same.
        hits: share of the pairs of the same that are recognised.
        thresholds: a pair is taken for the same when its distance is at most this; the first takes none.
    """

    false_alarms: np.ndarray
    hits: np.ndarray
    thresholds: np.ndarray

    @property
    def area(self) -> float:
        """Area under the curve of hits over false alarms: the chance that a same pair lies closer than another."""
        return float((np.diff(self.false_alarms) * (self.hits[1:] + self.hits[:-1])).sum() / 2)

    @property
    def accuracy(self) -> float:
        """The best share of right decisions at one threshold, same and different pairs counting alike."""
        return float(((self.hits + 1 - self.false_alarms) / 2).max())

    @property
    def threshold(self) -> float:
        """The distance up to which pairs are taken for the same where `accuracy` is reached."""
        return float(self.thresholds[int((self.hits - self.false_alarms).argmax())])

    @property
    def equal_error(self) -> float:
        """The rate at which as many same pairs are missed as different ones are taken for the same.

        Between two thresholds the curve is taken for straight.
        """
        missed = 1 - self.hits
        after = int(np.argmax(self.false_alarms >= missed))  # the last one is (1, 1), so there always is one
        before = max(after - 1, 0)
        gap_before = missed[before] - self.false_alarms[before]
        gap_after = missed[after] - self.false_alarms[after]
        share = 0.0 if gap_before == gap_after else gap_before / (gap_before - gap_after)
        return float(missed[before] + share * (missed[after] - missed[before]))


def verify(distances: np.ndarray, same: np.ndarray) -> Verification | None:
    """Compare distances, (M,), of pairs that show the same, bool (M,), or not; None unless there are both."""
    positives, negatives = int(same.sum()), int((~same).sum())
    if not positives or not negatives:
        return None
    order = np.argsort(distances, kind="stable")
    ranked, right = distances[order].astype(np.float64), same[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)  # equal distances fall together
    hits = np.cumsum(right)[last] / positives
    alarms = np.cumsum(~right)[last] / negatives
    first = np.nextafter(ranked[0], -np.inf)
    return Verification(
        np.concatenate([[0.0], alarms]), np.concatenate([[0.0], hits]), np.concatenate([[first], ranked[last]])
    )
