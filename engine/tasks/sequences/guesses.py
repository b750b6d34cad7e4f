"""How well the next characters of a text were foreseen."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.report import Table

ROWS = 30
"""Characters in the table, the most frequent ones."""


class GuessMeter(Meter):
    """Adds up −ln p of the true characters, and how often the likeliest was the true one."""

    def __init__(self) -> None:
        self._nats = np.zeros(0)  # by character: summed up
        self._right = np.zeros(0)
        self._seen = np.zeros(0)

    def add(self, answers: Answers, batch: Batch) -> None:
        true = batch.targets["tokens"].cpu().numpy().reshape(-1)
        nats = answers["nats"].double().cpu().numpy().reshape(-1)
        right = answers["next"].cpu().numpy().reshape(-1) == true
        size = max(len(self._seen), int(true.max(initial=0)) + 1)
        self._seen = _grown(self._seen, size) + np.bincount(true, minlength=size)
        self._nats = _grown(self._nats, size) + np.bincount(true, nats, size)
        self._right = _grown(self._right, size) + np.bincount(true, right, size)

    def result(self) -> Mapping[str, float]:
        count = self._seen.sum()
        if not count:
            return {}
        mean = float(self._nats.sum() / count)
        return {
            "bits_per_character": mean / math.log(2),
            "perplexity": math.exp(min(mean, 700.0)),
            "accuracy": float(self._right.sum() / count),
        }

    def by_character(self, alphabet: tuple[str, ...]) -> Table:
        """The most frequent characters: how often they come, and how well they were foreseen."""
        order = np.argsort(-self._seen, kind="stable")[:ROWS]
        rows = tuple(
            (
                _visible(alphabet[place]),
                int(self._seen[place]),
                float(self._right[place] / self._seen[place]),
                float(self._nats[place] / self._seen[place] / math.log(2)),
            )
            for place in order.tolist()
            if self._seen[place]
        )
        return Table("Characters", ("character", "times", "foreseen %", "bits"), rows)


def _grown(values: np.ndarray, size: int) -> np.ndarray:
    return np.pad(values, (0, size - len(values)))


def _visible(character: str) -> str:
    return {" ": "space", "\n": "line break", "\t": "tab"}.get(character, character)
