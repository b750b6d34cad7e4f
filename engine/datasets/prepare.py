"""From a `DataSpec` to tensors that are ready to train on. Importing this module does not import torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from engine.cancel import CancelToken
from engine.datasets import cache
from engine.datasets.base import PARTS, Fault, PictureSet, parse_source
from engine.datasets.examine import Examination, Examiner
from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import DataSpec
from engine.datasets.split import split
from engine.errors import BadInput
from engine.events import Emit, Progress

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Part:
    """The pictures of one part of the split.

    Attributes:
        images: uint8, (N, C, H, W), preprocessed but not yet normalised.
        labels: int64, (N,).
        indices: int64, (N,), where each picture stands in the `PictureSet`; ascending.
    """

    images: torch.Tensor
    labels: torch.Tensor
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)


@dataclass(frozen=True)
class Prepared:
    """All parts of a dataset, the pictures they came from, and what was found out on the way."""

    train: Part
    validation: Part
    test: Part
    classes: tuple[str, ...]
    pictures: PictureSet
    preprocessor: Preprocessor
    examination: Examination

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Files that could not be used; they are in no part."""
        return self.pictures.faults + self.examination.faults

    @cached_property
    def mark(self) -> str:
        """Equal for the same pictures with the same labels in the same parts, wherever their files lie."""
        code = hashlib.blake2b(digest_size=16)
        for array in (self.examination.digests, self.pictures.labels, *(part.indices for part in self._parts)):
            code.update(repr(array.shape).encode())
            code.update(np.ascontiguousarray(array).data)
        return code.hexdigest()

    @property
    def _parts(self) -> tuple[Part, Part, Part]:
        return self.train, self.validation, self.test

    def part(self, name: str) -> Part:
        """The part called "train", "validation" or "test"; `BadInput` for any other name."""
        parts = dict(zip(PARTS, self._parts, strict=True))
        if name not in parts:
            raise BadInput(f"There is no part of the data called {name!r}.", f"Choose {', '.join(parts)}.")
        return parts[name]


def prepare(data: DataSpec, root: Path, emit: Emit, token: CancelToken) -> Prepared:
    """Load, preprocess and split a dataset, holding it as uint8 tensors on the CPU.

    Args:
        root: the project's folder; relative paths in the source's options start there.

    Raises:
        BadInput: the dataset isn't there, holds no usable picture, or doesn't fit into memory.
        JobCancelled: the token was set; it is looked at before every picture.
    """
    preprocessor = Preprocessor(data.preprocess)
    pictures = parse_source(data.source).load(root, emit, token)
    _check_memory(len(pictures), preprocessor)
    images, examination = _read(pictures, preprocessor, emit, token)
    return assemble(data, pictures, preprocessor, images, examination)


def assemble(
    data: DataSpec, pictures: PictureSet, preprocessor: Preprocessor, images: np.ndarray, examination: Examination
) -> Prepared:
    """Split preprocessed pictures, uint8 (N, C, H, W), and put every part into tensors."""
    import torch

    parts = parts_of(data, pictures, examination)
    tensors = [
        Part(torch.from_numpy(images[indices]), torch.from_numpy(pictures.labels[indices]), indices)
        for indices in parts
    ]
    if len(tensors[0]) == 0:
        raise BadInput(
            "There are no pictures to train on.", "Give training a larger share on the Data page, or add pictures."
        )
    return Prepared(tensors[0], tensors[1], tensors[2], pictures.classes, pictures, preprocessor, examination)


def parts_of(
    data: DataSpec, pictures: PictureSet, examination: Examination
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The indices of the training, validation and test pictures; unreadable pictures are in none."""
    usable = np.flatnonzero(examination.readable)
    within = split(pictures.labels[usable], examination.twins[usable], data.split, pictures.fixed[usable])
    return usable[within[0]], usable[within[1]], usable[within[2]]


def _read(
    pictures: PictureSet, preprocessor: Preprocessor, emit: Emit, token: CancelToken
) -> tuple[np.ndarray, Examination]:
    """Decode and preprocess every picture, or find that done before: uint8, (N, C, H, W), and what was seen."""
    shape = (len(pictures), *preprocessor.input_shape)
    key = pictures.fingerprint() if pictures.keep else ""
    if key:
        images = cache.load_images(key, preprocessor.spec, shape)
        examination = cache.load_examination(key, len(pictures))
        if images is not None and examination is not None:
            return images, examination
    images = np.zeros(shape, np.uint8)
    examiner = Examiner(pictures)
    for index in range(len(pictures)):
        token.raise_if_cancelled()
        if index % 64 == 0:
            emit(Progress("Preparing pictures", index, len(pictures)))
        picture = examiner.look(index)
        if picture is not None:
            images[index] = preprocessor.picture(picture)
    emit(Progress("Preparing pictures", len(pictures), len(pictures)))
    examination = examiner.finish()
    if key:
        cache.save_images(key, preprocessor.spec, images)
        cache.save_examination(key, examination)
    return images, examination


def _check_memory(count: int, preprocessor: Preprocessor) -> None:
    """Refuse before the machine starts to swap: the pictures are held once whole and once in parts."""
    channels, height, width = preprocessor.input_shape
    needed = 2 * count * channels * height * width
    free = psutil.virtual_memory().available
    if needed > 0.8 * free:
        raise BadInput(
            f"{count:,} pictures of {width}×{height} need {needed / 2**30:.1f} GB of memory, "
            f"and {free / 2**30:.1f} GB are free.",
            "Choose a smaller picture size on the Data page, or close other programs.",
        )


def examine(pictures: PictureSet, emit: Emit, token: CancelToken) -> Examination:
    """Look at every picture without preparing it. Raises `JobCancelled`; the token is looked at before each."""
    key = pictures.fingerprint() if pictures.keep else ""
    known = cache.load_examination(key, len(pictures)) if key else None
    if known is not None:
        return known
    examiner = Examiner(pictures)
    for index in range(len(pictures)):
        token.raise_if_cancelled()
        if index % 64 == 0:
            emit(Progress("Looking at the pictures", index, len(pictures)))
        examiner.look(index)
    emit(Progress("Looking at the pictures", len(pictures), len(pictures)))
    examination = examiner.finish()
    if key:
        cache.save_examination(key, examination)
    return examination


def measure(part: Part) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over all pixels, on the scale 0 to 1.

    The sums are of whole numbers and therefore exact. A channel that never changes gets the deviation 1.
    """
    means: list[float] = []
    deviations: list[float] = []
    for channel in range(part.images.shape[1]):
        counts = np.bincount(part.images[:, channel].numpy().reshape(-1), minlength=256)
        values = np.arange(256) / 255
        mean = float((counts * values).sum() / counts.sum())
        deviation = float(np.sqrt((counts * (values - mean) ** 2).sum() / counts.sum()))
        means.append(mean)
        deviations.append(deviation or 1.0)
    return tuple(means), tuple(deviations)
