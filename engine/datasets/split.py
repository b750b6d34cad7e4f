"""Training, validation and test pictures: stratified by class, repeatable, and twins kept together."""

from __future__ import annotations

import numpy as np

from engine.datasets.draws import sample_keys
from engine.datasets.spec import SplitSpec

FREE = -1


def split(
    labels: np.ndarray, twins: np.ndarray, spec: SplitSpec, fixed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the indices of the training, validation and test pictures, each ascending, without overlap.

    Every class is shared out in the proportions of `spec`; what rounding takes from a part in one class it gives
    back in the next. The order in which pictures are drawn depends on the seed and their index alone. Where rounding
    leaves validation nothing, it gets one picture of training's, if that can spare one.

    Where `spec.by` is "class", every class goes to one part as a whole, twins in other classes or not, and the shares
    are those of the pictures, as nearly as whole classes allow. What the dataset itself prescribes stays where it is.

    Args:
        labels: int64, (N,).
        twins: int64, (N,), equal for pictures that are identical; they all go to one part, so that nothing that is
            tested has been learnt by heart.
        fixed: int8, (N,), 0, 1, 2 for pictures whose part the dataset prescribes, `FREE` for the others. Where it
            prescribes a validation or test part, the free pictures are not used for that part.
    """
    fixed = np.full(len(labels), FREE, np.int8) if fixed is None else fixed
    part = fixed.astype(np.int64)
    shares = np.array([spec.train, spec.validation, spec.test])
    for prescribed in (1, 2):
        if np.any(fixed == prescribed):
            shares[prescribed] = 0.0
    shares = shares / shares.sum()

    free = np.flatnonzero(fixed == FREE)
    groups = _groups(free, twins if spec.by == "picture" else labels)
    keys = sample_keys(spec.seed, 0, np.array([group[0] for group in groups], dtype=np.int64))
    # Large groups first: what is left evens out the shares. Among classes that would leave the seed no choice.
    sizes = [len(group) if spec.by == "picture" else 0 for group in groups]
    owed = np.zeros(3)
    for members in _shared_alike(groups, labels, spec):
        order = sorted(members, key=lambda number: (-sizes[number], int(keys[number])))
        owed = _share_out([groups[number] for number in order], shares, owed, part)
    if spec.by == "picture" and shares[1] > 0 and not np.any(part == 1):
        _spare_one([groups[number] for number in np.argsort(keys).tolist()], labels, part)
    return np.flatnonzero(part == 0), np.flatnonzero(part == 1), np.flatnonzero(part == 2)


def _groups(indices: np.ndarray, twins: np.ndarray) -> list[list[int]]:
    """The indices, gathered by twin number, in order of first appearance."""
    found: dict[int, list[int]] = {}
    for index, twin in zip(indices.tolist(), twins[indices].tolist(), strict=True):
        found.setdefault(twin, []).append(index)
    return list(found.values())


def _shared_alike(groups: list[list[int]], labels: np.ndarray, spec: SplitSpec) -> list[list[int]]:
    """The numbers of the groups of each class, or of all groups where these are the classes."""
    if spec.by == "class":
        return [list(range(len(groups)))] if groups else []
    by_class: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        by_class.setdefault(int(labels[group[0]]), []).append(number)
    return [by_class[label] for label in sorted(by_class)]


def _spare_one(groups: list[list[int]], labels: np.ndarray, part: np.ndarray) -> None:
    """Give validation one group of training's: the smallest of the class that has most of them, if it has several."""
    learnt: dict[int, list[list[int]]] = {}
    for group in groups:
        if part[group[0]] == 0:
            learnt.setdefault(int(labels[group[0]]), []).append(group)
    richest = max(learnt.values(), key=len, default=[])
    if len(richest) > 1:
        part[min(richest, key=len)] = 1


def _share_out(groups: list[list[int]], shares: np.ndarray, owed: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Assign each group to the part that lacks most; return what the parts are owed afterwards."""
    count = sum(len(group) for group in groups)
    lacking = (shares * count + owed).tolist()
    candidates = [number for number in range(3) if shares[number] > 0]
    learnt = 0
    for group in groups:
        chosen = max(candidates, key=lambda number: (lacking[number], -number))
        lacking[chosen] -= len(group)
        learnt += chosen == 0
        part[group] = chosen
    if not learnt:
        # A class that nobody learns can't be told apart, so training comes first.
        last = groups[-1]
        lacking[int(part[last[0]])] += len(last)
        lacking[0] -= len(last)
        part[last] = 0
    return np.asarray(lacking)
