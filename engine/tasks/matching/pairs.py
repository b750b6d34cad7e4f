"""Which pictures of a batch are put side by side to learn from, and which of a part to be measured by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.draws import Draws, sample_keys
from engine.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

    from engine.tasks.batch import Batch

# Places in the list of draws, so that partners and the choice between same and different are independent.
_KIND, _SAME, _OTHER = 0, 1, 2


def paired(batch: Batch) -> Batch:
    """A partner for each picture, of the same class for half of them and of another class for the rest.

    A picture without its like in the batch gets a different one, and one without any different gets its like; what has
    neither is paired with itself, which is the same. The batch then has two inputs (N, C, H, W) and the target "same",
    float32 (N,). Which pictures meet follows from the seed, the epoch and the batch alone.
    """
    import torch

    (pictures,) = batch.inputs
    labels = batch.targets["label"]
    keys = sample_keys(batch.seed, batch.epoch, batch.indices)
    same, like, unlike = _partners(labels, keys)
    has_like, has_unlike = same.any(1), (labels[:, None] != labels).any(1)
    # Exactly half by rank, not about half by chance.
    order = np.argsort(Draws(keys, _KIND).uniform(0.0, 1.0), kind="stable")
    chosen = np.zeros(len(labels), bool)
    chosen[order[: (len(labels) + 1) // 2]] = True
    alike = (torch.from_numpy(chosen).to(labels.device) & has_like) | ~has_unlike
    itself = torch.arange(len(labels), device=labels.device)
    partner = torch.where(alike, torch.where(has_like, like, itself), unlike)
    targets = {**batch.targets, "same": alike.float()}
    return batch.with_(inputs=(pictures, pictures[partner]), targets=targets)


def tripled(batch: Batch) -> Batch:
    """Every picture beside one of its class and one of another: inputs [A; A] and [P; N], (2N, C, H, W) each.

    The target "whole", float32 (N,), is 0 for pictures that lack one of the two in the batch; they are not learned
    from. See `paired` for what the choice depends on.
    """
    import torch

    (pictures,) = batch.inputs
    labels = batch.targets["label"]
    keys = sample_keys(batch.seed, batch.epoch, batch.indices)
    same, like, unlike = _partners(labels, keys)
    whole = same.any(1) & (labels[:, None] != labels).any(1)
    inputs = (torch.cat([pictures, pictures]), torch.cat([pictures[like], pictures[unlike]]))
    return batch.with_(inputs=inputs, targets={**batch.targets, "whole": whole.float()})


def _partners(labels: Tensor, keys: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Which pictures are alike, bool (N, N) without the diagonal, and a drawn like and unlike of each, int64 (N,)."""
    import torch

    count = len(labels)
    equal = labels[:, None] == labels
    same = equal & ~torch.eye(count, dtype=torch.bool, device=labels.device)
    like = Draws(keys, _SAME).words(count, labels.device).masked_fill(~same, -1).argmax(1)
    unlike = Draws(keys, _OTHER).words(count, labels.device).masked_fill(equal, -1).argmax(1)
    return same, like, unlike


def side_by_side(batch: Batch) -> Batch:
    """Rounds of k pictures, as `episodes` chose them, as pairs of the first with each of the others.

    The inputs are (R·(k − 1), C, H, W) each, all pairs with the second picture first, then all with the third, and so
    on; the target "same", float32 (R, k − 1), tells which show the same.
    """
    import torch

    query, others = batch.inputs[0], batch.inputs[1:]
    label = batch.targets["label"]
    same = torch.stack([label == batch.targets[f"label{j}"] for j in range(1, len(batch.inputs))], 1)
    inputs = (query.repeat(len(others), *[1] * (query.ndim - 1)), torch.cat(others))
    return batch.with_(inputs=inputs, targets={**batch.targets, "same": same.float()})


def episodes(labels: np.ndarray, ways: int, shots: int, count: int, seed: int) -> np.ndarray:
    """Rounds of one-shot classification: int64 (count, 1 + ways·shots), places within a part.

    Each holds a query and, class after class, `shots` examples of each of `ways` different classes, one of which is
    the query's; where it stands among them is drawn too, so that a network that finds all distances equal is right
    once in `ways`. Query and examples are different pictures. Where there are fewer classes, all of them are taken.

    Raises:
        BadInput: there are not two classes with the pictures that this takes.
    """
    places = {int(k): np.flatnonzero(labels == k) for k in np.unique(labels)}
    usable = np.array([k for k, found in places.items() if len(found) >= shots], dtype=np.int64)
    asked = np.array([k for k, found in places.items() if len(found) > shots], dtype=np.int64)
    if len(usable) < 2 or not len(asked):
        raise BadInput(
            f"Matching is measured with {shots + 1} pictures of a class and {shots} of another, "
            "and one part of the data has no two such classes.",
            "Give that part a larger share on the Data page, or choose fewer shots.",
        )
    draw = np.random.default_rng(seed)
    width = min(ways, len(usable))
    rows = np.empty((count, 1 + width * shots), np.int64)
    for row in rows:
        right = draw.choice(asked)
        shown = draw.permutation(np.append(draw.permutation(usable[usable != right])[: width - 1], right))
        query, *examples = draw.choice(places[int(right)], shots + 1, replace=False)
        row[0] = query
        row[1:] = np.concatenate(
            [examples if k == right else draw.choice(places[int(k)], shots, replace=False) for k in shown]
        )
    return rows
