"""The page's pictures, made as the training makes them. Each job is a frozen value that the runner calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.augment import AUGMENTATIONS, Augmenter, Mixing
from engine.datasets.reading import Reader
from engine.datasets.spec import Choice
from engine.events import Emit

if TYPE_CHECKING:
    import torch

MOST_SHOWN = 1024
_COMPANY = 7  # further pictures from which the one in question gets its partner


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture as the network sees it, with what is known of it.

    Attributes:
        picture: uint8, (H, W) or (H, W, 3).
        known: its row of the targets, by the names of `engine.datasets.annotation`.
        index: where it stands in the dataset.
        caption: what it shows, such as "Epoch 3".
        detail: a second line.
        tip: more, for a tooltip.
    """

    picture: np.ndarray
    known: Mapping[str, np.ndarray]
    index: int
    caption: str
    detail: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Gallery:
    """What a job made: the pictures, and a sentence about them."""

    shots: tuple[Shot, ...]
    words: str = ""


@dataclass(frozen=True)
class MakeVariants:
    """Gives a `Gallery` of one picture: unchanged, and as some epochs of training would show it."""

    reader: Reader
    choices: tuple[Choice, ...]
    seed: int
    index: int
    first_epoch: int
    count: int

    def __call__(self, emit: Emit, token: CancelToken) -> Gallery:
        augmenter = Augmenter(self.choices, self.seed)
        mixes = any(isinstance(method, Mixing) for method in augmenter.augmentations)
        indices = with_company(self.reader, self.index) if mixes else np.array([self.index])
        pictures, targets = self.reader.rows(indices)
        shots = [shot(self.reader, pictures, targets, 0, self.index, "Unchanged")]
        epochs = range(self.first_epoch, self.first_epoch + (self.count if self.choices else 0))
        for epoch in epochs:
            token.raise_if_cancelled()
            changed, moved = changed_by(augmenter, self.reader, pictures, epoch, indices, targets)
            shots.append(shot(self.reader, changed, moved, 0, self.index, f"Epoch {epoch + 1}"))
        return Gallery(tuple(shots))


@dataclass(frozen=True)
class MakeSingles:
    """Gives a `Gallery` with one picture under every method by itself, with the options in use or the usual ones.

    Attributes:
        order: the methods, by their ids.
        unfit: those that the task cannot learn from.
    """

    reader: Reader
    choices: tuple[Choice, ...]
    seed: int
    index: int
    epoch: int
    order: tuple[str, ...]
    unfit: frozenset[str]

    def __call__(self, emit: Emit, token: CancelToken) -> Gallery:
        used = {choice.id: choice for choice in self.choices}
        indices = with_company(self.reader, self.index)
        pictures, targets = self.reader.rows(indices)
        shots = []
        for id in self.order:
            token.raise_if_cancelled()
            method = AUGMENTATIONS.get(id)
            changed, moved = Augmenter([used.get(id, Choice(id=id))], self.seed)(pictures, self.epoch, indices, targets)
            detail = "in use" if id in used else "not for this task" if id in self.unfit else "off"
            shots.append(shot(self.reader, changed, moved, 0, self.index, method.label, detail))
        return Gallery(tuple(shots))


@dataclass(frozen=True)
class MakeBatch:
    """Gives a `Gallery` of one batch exactly as the training will hand it to the network; counted from 0."""

    reader: Reader
    choices: tuple[Choice, ...]
    seed: int
    batch_size: int
    epoch: int
    number: int

    def __call__(self, emit: Emit, token: CancelToken) -> Gallery:
        from engine.training.batches import TrainingBatches

        augmenter = Augmenter(self.choices, self.seed) if self.choices else None
        batches = TrainingBatches(self.reader, augmenter, self.batch_size, self.seed)
        batch = next(iter(batches.epoch(self.epoch, min(self.number, batches.steps - 1))))
        token.raise_if_cancelled()
        pictures = self.reader.restore(batch.inputs[0])
        unchanged, targets = self.reader.rows(batch.indices)
        if augmenter is not None:
            _, targets = augmenter(unchanged, self.epoch, batch.indices, targets)
        targets = {**targets, **batch.targets}
        shown = [
            shot(self.reader, pictures, targets, row, int(index), "")
            for row, index in enumerate(batch.indices[:MOST_SHOWN])
        ]
        return Gallery(tuple(shown), "" if len(batch) <= MOST_SHOWN else f"The first {MOST_SHOWN:,} of {len(batch):,}")


def changed_by(
    augmenter: Augmenter,
    reader: Reader,
    pictures: torch.Tensor,
    epoch: int,
    indices: np.ndarray,
    targets: Mapping[str, torch.Tensor],
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Pictures and targets as an epoch shows them.

    What the task is given is moved by itself, because a box that is moved together with its object's outline comes
    out tighter than one that is moved alone; the rest is for looking at.
    """
    changed, all_moved = augmenter(pictures, epoch, indices, targets)
    _, given = augmenter(pictures, epoch, indices, reader.needed(targets))
    return changed, {**all_moved, **given}


def with_company(reader: Reader, index: int) -> np.ndarray:
    """The picture first, and some of the training part, spread evenly, for methods that need others."""
    others = reader.indices[reader.indices != index]
    places = np.linspace(0, len(others) - 1, min(_COMPANY, len(others))).astype(np.int64)
    return np.concatenate([[index], others[places]]).astype(np.int64)


def shot(
    reader: Reader,
    pictures: torch.Tensor,
    targets: Mapping[str, torch.Tensor],
    row: int,
    index: int,
    caption: str,
    detail: str = "",
) -> Shot:
    """Row `row` of a batch as something to look at."""
    known = {name: tensor[row].numpy() for name, tensor in targets.items()}
    own, other = label_words(known, reader)
    lines = [part for part in (caption, detail) if part] or [own]
    if other and len(lines) == 1:
        lines.append(other if not caption else f"{own} {other}")
    tip = "\n".join(part for part in (reader.pictures.names[index], f"{own} {other}".strip()) if part)
    return Shot(as_picture(pictures[row].numpy()), known, index, lines[0], "".join(lines[1:]), tip)


def as_picture(seen: np.ndarray) -> np.ndarray:
    """What a network sees, (C, H, W), as a picture: (H, W) or (H, W, 3)."""
    return seen[0] if seen.shape[0] == 1 else np.ascontiguousarray(seen.transpose(1, 2, 0))


def label_words(known: Mapping[str, np.ndarray], reader: Reader) -> tuple[str, str]:
    """Such as "3 objects" or "cat", and "" or what was mixed in: "cat 70 %" and "+ dog 30 %"."""
    classes = reader.pictures.classes
    if "label" in known and classes and "label" in reader.wanted:
        own = classes[int(known["label"])]
        share = round(100 * float(known.get("label_share", np.ones(()))))
        if share == 100:
            return own, ""
        return f"{own} · {share} %", f"+ {classes[int(known['label_other'])]} · {100 - share} %"
    if "box_labels" in known:
        count = int((known["box_labels"] >= 0).sum())
        return ("1 object" if count == 1 else f"{count} objects"), ""
    return "", ""
