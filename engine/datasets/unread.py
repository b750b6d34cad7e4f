"""Parts of a dataset that are larger than the memory they may take: read again whenever they are needed.

Importing this module does not import torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.annotation import PADDING
from engine.datasets.base import PictureSet
from engine.datasets.examine import Examination
from engine.datasets.preprocess import Preprocessor
from engine.datasets.targets import Arrays, known, stacked
from engine.errors import BadInput
from engine.events import Emit, Progress

if TYPE_CHECKING:
    import torch

    from engine.datasets.crew import Crew

OVERVIEW = 1000
"""How many pictures of a part a task sees before the training; more would not change a mean or a share by much."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """How pictures of a dataset become what a network learns from. It can be pickled, for other processes.

    Attributes:
        sizes: int32, (N, 2), width and height of every picture as it was when it was examined.
        needs: targets, of `engine.datasets.annotation.TARGETS`.
        most: rows that boxes are filled up to, so that they do not depend on what else is in a batch.
    """

    pictures: PictureSet
    preprocessor: Preprocessor
    sizes: np.ndarray
    needs: tuple[str, ...]
    most: int = 1

    def rows(self, indices: Sequence[int] | np.ndarray) -> tuple[np.ndarray, Arrays]:
        """Pictures, uint8 (n, C, H, W), and what is known of them, for these places in the dataset.

        Raises:
            BadInput: a picture can no longer be read, or is no longer the one that was examined.
        """
        images, targets = [], []
        for index in map(int, indices):
            picture = self.pictures.picture(index)
            if picture.shape[:2] != tuple(self.sizes[index][::-1].tolist()):
                raise BadInput(
                    f"The picture {self.pictures.names[index]} was changed while it was learned from.",
                    "Look for the pictures again on the Data page, then start the training anew.",
                )
            images.append(self.preprocessor.picture(picture))
            targets.append(self.known(index))
        return np.stack(images), self.stacked(targets)

    def known(self, index: int) -> Arrays:
        """What is known of one picture, in the network's pixels, without reading the picture."""
        if not set(self.needs) - {"label"}:
            return {"label": self.pictures.labels[index]} if self.needs else {}
        width, height = self.sizes[index].tolist()
        classes = len(self.pictures.classes)
        return known(self.pictures.annotation(index), (height, width), self.preprocessor, classes, self.needs)

    def stacked(self, rows: Sequence[Arrays]) -> Arrays:
        """The targets of several pictures, boxes filled up to `most` rows."""
        arrays = stacked(rows)
        if "boxes" in arrays:
            lacking = max(0, self.most - arrays["boxes"].shape[1])
            arrays["boxes"] = np.pad(arrays["boxes"], ((0, 0), (0, lacking), (0, 0)))
            arrays["box_labels"] = np.pad(arrays["box_labels"], ((0, 0), (0, lacking)), constant_values=PADDING)
        return arrays


@dataclass(frozen=True, eq=False)
class UnreadPart:
    """The samples of one part of the split, each read when it is its turn. Stands where a `Part` would.

    Attributes:
        crew: the processes that read.
        labels: int64, (N,), the class of each sample.
        indices: int64, (N,), where each sample stands in the dataset; ascending.
        digests: of what is known of the samples, by name; see `target_digests`.
    """

    crew: Crew
    labels: torch.Tensor
    indices: np.ndarray
    digests: Mapping[str, bytes]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return self.crew.recipe.preprocessor.input_shape

    def overview(self) -> dict[str, torch.Tensor]:
        """What a task sees before the training: all labels, and inputs and other targets of `OVERVIEW` samples."""
        chosen = self.indices[evenly(len(self), OVERVIEW)]
        if not len(chosen):
            return {"label": self.labels}
        inputs, targets = next(iter(self.crew.read([chosen])))
        return {**targets, "inputs": inputs, **({"label": self.labels} if "label" in targets else {})}


def evenly(count: int, most: int) -> np.ndarray:
    """Places of `most` of `count` samples at even distances, or of all: int64, ascending."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.int64)


class TargetDigest:
    """Takes what is known of the samples of a part one after the other, and gives the same as `target_digests`."""

    def __init__(self) -> None:
        self._codes: dict[str, hashlib.blake2b] = {}

    def add(self, row: Arrays) -> None:
        """The next sample's arrays, boxes without rows of padding."""
        for name, array in row.items():
            code = self._codes.setdefault(name, hashlib.blake2b(digest_size=16))
            code.update(np.ascontiguousarray(array).data)

    def result(self) -> dict[str, bytes]:
        return {name: code.digest() for name, code in self._codes.items()}


def target_digests(targets: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """A digest of each array (N, ...), in which rows of padding don't count."""
    found: dict[str, bytes] = {}
    for name, array in targets.items():
        if name in ("boxes", "box_labels"):
            array = array[targets["box_labels"] != PADDING]
        found[name] = hashlib.blake2b(np.ascontiguousarray(array).data, digest_size=16).digest()
    return found


def survey(
    recipe: Recipe, examination: Examination, parts: Sequence[np.ndarray], emit: Emit, token: CancelToken
) -> tuple[int, list[dict[str, bytes]]]:
    """Look at all that is known of the pictures once, without reading them.

    Returns:
        The most boxes that a picture has, and the digests of each part.
    """
    most, digests = 1, [TargetDigest() for _ in parts]
    if not set(recipe.needs) - {"label"}:
        labels = recipe.pictures.labels
        return most, [target_digests({"label": labels[indices]} if recipe.needs else {}) for indices in parts]
    seen, total = 0, sum(len(indices) for indices in parts)
    for digest, indices in zip(digests, parts, strict=True):
        for index in indices.tolist():
            token.raise_if_cancelled()
            if seen % 64 == 0:
                emit(Progress("Preparing what is known of the pictures", seen, total))
            seen += 1
            row = recipe.known(index)
            most = max(most, len(row.get("boxes", ())))
            digest.add(row)
    return most, [digest.result() for digest in digests]
