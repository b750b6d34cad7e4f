"""Which task suits a dataset, so that choosing one leaves nothing behind that cannot be learned. No Qt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.datasets.base import DATASETS
from engine.datasets.prepare import TARGET_WORDS
from engine.tasks.base import TASKS

USUAL = ("classification", "detection", "segmentation", "sequence", "forecasting", "characters")
"""What a dataset is chosen for, the first that it serves; after them all other tasks in the order of their list."""

_SEQUENCES = {"label": "a class for each sequence", "future": "sequences that go on", "tokens": "running text"}


@dataclass(frozen=True)
class Fit:
    """The task that was set together with a dataset.

    Attributes:
        task: its id.
        why: the words after "because this set has".
        others: ids of further tasks that the dataset serves.
    """

    task: str
    why: str
    others: tuple[str, ...]


def serves(kind: str, gives: Collection[str], task: str) -> bool:
    """Whether data of this kind that tells `gives` has what a task needs."""
    declared = TASKS.get(task)
    return declared.kind == kind and set(declared.needs) <= set(gives)


def fitting(kind: str, gives: Collection[str]) -> tuple[str, ...]:
    """Ids of the tasks that such data serves, the most usual first; what needs nothing comes last."""
    known = [id for id in TASKS if serves(kind, gives, id)]
    return tuple(sorted(known, key=lambda id: (id not in USUAL, not _taught(id, gives), _place(id, known))))


def fit(task: str, source: str) -> Fit | None:
    """What to learn from a dataset that cannot serve `task`; None where it can, or where nothing is known of either."""
    if task not in TASKS or source not in DATASETS:
        return None
    declared = DATASETS.get(source)
    if serves(declared.kind, declared.gives, task):
        return None
    found = fitting(declared.kind, declared.gives)
    if not found:
        return None
    others = tuple(id for id in found[1:] if _taught(id, declared.gives))
    return Fit(found[0], _why(found[0], declared.gives), others)


def _taught(task: str, gives: Collection[str]) -> bool:
    """Whether the task makes use of anything that such data tells."""
    declared = TASKS.get(task)
    return bool(set(gives) & {*declared.needs, *declared.uses})


def _place(task: str, known: list[str]) -> int:
    return USUAL.index(task) if task in USUAL else known.index(task)


def _why(task: str, gives: Collection[str]) -> str:
    declared = TASKS.get(task)
    told = [name for name in (*declared.needs, *declared.uses) if name in gives]
    words = {**TARGET_WORDS, **_SEQUENCES} if declared.kind != "pictures" else TARGET_WORDS
    return " and ".join(words[name] for name in told) or "nothing else to learn from"
