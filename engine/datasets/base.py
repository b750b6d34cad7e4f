"""What a dataset is: a declaration of where it comes from, and the pictures it loads. Never imports torch."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.events import Emit
from engine.registry import Registry

DATASETS: Registry[type[DatasetSource]] = Registry("dataset", "engine.datasets.sources")

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fault:
    """A file that cannot be used as a picture: its name within the dataset, and a sentence that says why."""

    name: str
    reason: str


class PictureSet(ABC):
    """Labelled pictures that are read when asked for.

    Args:
        classes: names, in the order of the label numbers.
        labels: int64, (N,), a class for each picture.
        names: one for each picture, unique, as a person would look it up.
        faults: files found unusable so far.
        fixed: int8, (N,), where the dataset itself says so: 0 training, 1 validation, 2 test; -1 where it is free.

    Class variables:

        keep: whether reading is so slow that what was read should be kept on disk.
    """

    keep: ClassVar[bool] = False

    def __init__(
        self,
        classes: Sequence[str],
        labels: np.ndarray,
        names: Sequence[str],
        faults: Sequence[Fault] = (),
        fixed: np.ndarray | None = None,
    ) -> None:
        self.classes = tuple(classes)
        self.labels = np.asarray(labels, dtype=np.int64)
        self.names = tuple(names)
        self.faults = tuple(faults)
        self.fixed = np.full(len(self.labels), -1, np.int8) if fixed is None else np.asarray(fixed, np.int8)

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def picture(self, index: int) -> np.ndarray:
        """Return picture `index` in full: uint8, (H, W, 3), RGB. Raises `BadInput` if it can't be read."""

    def thumbnail(self, index: int, side: int) -> np.ndarray:
        """Return picture `index`, possibly smaller but not below `side` pixels on its short side if it was above."""
        return self.picture(index)

    @abstractmethod
    def fingerprint(self) -> str:
        """A text that changes whenever a picture, a label or their order may have changed."""


class ArrayPictures(PictureSet):
    """Pictures that lie in memory.

    Args:
        images: uint8, (N, H, W) in grey or (N, H, W, 3) in RGB.
    """

    def __init__(
        self,
        images: np.ndarray,
        classes: Sequence[str],
        labels: np.ndarray,
        names: Sequence[str] | None = None,
        fixed: np.ndarray | None = None,
    ) -> None:
        digits = len(str(max(0, len(labels) - 1)))
        super().__init__(classes, labels, names or [f"{i:0{digits}d}" for i in range(len(labels))], (), fixed)
        self.images = images

    def picture(self, index: int) -> np.ndarray:
        image = self.images[index]
        return np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image

    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.images, self.labels, self.fixed):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()


class DatasetSource(Settings):
    """Base of all datasets: a subclass's fields are its options and its docstring the learner's text.

    Class variables:

        label: what the list says.
        help: one sentence: what is in it, and how many pictures.
        needs_network: whether it has to be downloaded or brought along first.
        class_count: how many classes it always has; None where that depends on what is found.
    """

    label: ClassVar[str]
    help: ClassVar[str]
    needs_network: ClassVar[bool] = False
    class_count: ClassVar[int | None] = None

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        """Find the pictures; their content is read later, when asked for.

        Args:
            root: the project's folder; relative paths in options start there.

        Raises:
            BadInput: there is no such dataset where the options say.
            JobFailed: a download that was asked for did not succeed.
            JobCancelled: the token was set.
        """
        raise NotImplementedError


def parse_source(choice: Choice) -> DatasetSource:
    """The declaration with its options, or `BadInput` that names what is wrong."""
    return parse_choice(DATASETS, choice)
