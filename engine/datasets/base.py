"""What a dataset is: a declaration of where it comes from, and the pictures it loads. Never imports torch."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.annotation import Annotation
from engine.datasets.sequences.units import Units
from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.events import Emit
from engine.registry import Registry

DATASETS: Registry[type[DatasetSource]] = Registry("dataset", "engine.datasets.sources")

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Fault:
    """Something in a dataset that cannot be used as it is.

    Attributes:
        name: the file, as a path within the dataset.
        reason: a sentence that says what is wrong, and what was done about it.
        line: where in the file, from 1; 0 where that says nothing.
        repaired: whether it is used all the same, put right as the reason says; else it was left out.
        thing: what of the file this is about, such as "line" or "annotation", or "unlabelled" for a picture that
            nothing is known of yet; "" for the file as a whole.
    """

    name: str
    reason: str
    line: int = 0
    repaired: bool = False
    thing: str = ""

    @property
    def place(self) -> str:
        """The file, with its line where there is one."""
        return f"{self.name}:{self.line}" if self.line else self.name


class SampleSet(ABC):
    """What pictures and sequences have in common.

    Attributes:
        gives: what is known of every sample, of `engine.datasets.annotation.TARGETS`.

    Args:
        classes: names, in the order of the label numbers; () where nothing is told apart.
        labels: int64, (N,), a class for each sample, by which the split is stratified; 0 where there are no classes.
        names: one for each sample, unique, as a person would look it up.
        faults: files found unusable so far.
        fixed: int8, (N,), where the dataset itself says so: 0 training, 1 validation, 2 test; -1 where it is free.
    """

    gives: tuple[str, ...] = ("label",)

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
    def fingerprint(self) -> str:
        """A text that changes whenever a sample, what is known of it or their order may have changed."""


class PictureSet(SampleSet):
    """Pictures that are read when asked for, with what is known of them.

    Class variables:
        keep: whether reading is so slow that what was read should be kept on disk.
    """

    keep: ClassVar[bool] = False

    @abstractmethod
    def picture(self, index: int) -> np.ndarray:
        """Return picture `index` in full: uint8, (H, W, 3), RGB. Raises `BadInput` if it can't be read."""

    def thumbnail(self, index: int, side: int) -> np.ndarray:
        """Return picture `index`, possibly smaller but not below `side` pixels on its short side if it was above."""
        return self.picture(index)

    def annotation(self, index: int) -> Annotation:
        """What is known of picture `index`. Raises `BadInput` if it can't be read."""
        return Annotation(label=int(self.labels[index]))

    def object_labels(self, index: int) -> np.ndarray:
        """int64, (M,): the classes of the objects of picture `index`. Raises `BadInput` if it can't be read."""
        known = self.annotation(index).box_labels
        return np.zeros(0, np.int64) if known is None else known


class SeriesSet(SampleSet):
    """Sequences, or windows of a text, all of one length, that lie in memory.

    Args:
        inputs: float32, (N, T, F), int64 (N, T) for the places of characters in `classes`, or uint8 for clips,
            (N, T, C, H, W) with two frames at least, and volumes, (N, 1, D, H, W).
        targets: arrays with N rows by name: "label" int64 (N,), "future" float32 (N, H, F), "tokens" int64 (N, T).
        features: names of the F values, where they have any.
        units: their names and scale, where the data knows them.
    """

    def __init__(
        self,
        inputs: np.ndarray,
        targets: Mapping[str, np.ndarray],
        classes: Sequence[str] = (),
        labels: np.ndarray | None = None,
        names: Sequence[str] | None = None,
        faults: Sequence[Fault] = (),
        fixed: np.ndarray | None = None,
        features: Sequence[str] = (),
        units: Units | None = None,
    ) -> None:
        count = len(inputs)
        digits = len(str(max(0, count - 1)))
        given = np.zeros(count, np.int64) if labels is None else labels
        super().__init__(classes, given, names or [f"{i:0{digits}d}" for i in range(count)], faults, fixed)
        self.inputs = inputs
        self.targets = dict(targets)
        self.gives = tuple(self.targets)
        self.features = tuple(features)
        self.units = units

    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.inputs, *(self.targets[name] for name in sorted(self.targets)), self.fixed):
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()


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
        kind: what its samples are.
        noun: what one sample is called, where its kind does not say it; "" otherwise.
        gives: targets that it can tell of its samples, as far as that is known before it is read.
    """

    label: ClassVar[str]
    help: ClassVar[str]
    needs_network: ClassVar[bool] = False
    class_count: ClassVar[int | None] = None
    kind: ClassVar[Literal["pictures", "series", "text"]] = "pictures"
    noun: ClassVar[str] = ""
    gives: ClassVar[tuple[str, ...]] = ("label",)

    def known_shape(self) -> tuple[int, ...] | None:
        """The shape of one sample with these options, as far as that is known without reading it; None for pictures."""
        return None

    def known_classes(self) -> int | None:
        """How many classes data with these options has, as far as that is known without reading it."""
        return self.class_count

    def load(self, root: Path, emit: Emit, token: CancelToken) -> SampleSet:
        """Find the samples; content of pictures is read later, when asked for.

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
