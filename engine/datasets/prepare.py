"""From a `DataSpec` to tensors that are ready to train on. Importing this module does not import torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from engine.cancel import CancelToken
from engine.datasets import cache
from engine.datasets.base import PARTS, Fault, PictureSet, SampleSet, SeriesSet, parse_source
from engine.datasets.crew import Crew
from engine.datasets.examine import Examination, Examiner, examine_series
from engine.datasets.preprocess import Preprocessor, Unprocessed
from engine.datasets.spec import DataSpec
from engine.datasets.split import split
from engine.datasets.targets import Arrays, blank, known, stacked
from engine.datasets.unread import OVERVIEW, Recipe, UnreadPart, evenly, survey, target_digests
from engine.errors import BadInput
from engine.events import Emit, Notice, Progress

if TYPE_CHECKING:
    import torch

FREE_SHARE = 0.4
"""Of the memory that is free, what pictures may take when the person has set no limit."""
MOST_SHARE = 0.8
"""Of the memory that is free, what they may take whatever the limit is, or the machine would swap."""


@dataclass(frozen=True)
class Part:
    """The samples of one part of the split, in memory.

    Attributes:
        inputs: pictures as uint8, (N, C, H, W), preprocessed but not yet normalised; or sequences, float32 (N, T, F)
            or int64 (N, T).
        targets: what is known of them, by the names of `engine.datasets.annotation`, each with N rows.
        indices: int64, (N,), where each sample stands in the dataset; ascending.
    """

    inputs: torch.Tensor
    targets: Mapping[str, torch.Tensor]
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> torch.Tensor:
        """int64, (N,), the class of each sample; zeros where the task has none."""
        import torch

        return self.targets.get("label", torch.zeros(len(self), dtype=torch.int64))

    @property
    def sample_shape(self) -> tuple[int, ...]:
        return tuple(self.inputs.shape[1:])

    @property
    def digests(self) -> Mapping[str, bytes]:
        """Of what is known of the samples, by name; see `target_digests`."""
        return target_digests({name: tensor.numpy() for name, tensor in self.targets.items()})

    def overview(self) -> dict[str, torch.Tensor]:
        """What a task sees before the training: all sequences, or all labels and what is known of `OVERVIEW` pictures.

        The same as where the pictures are read from disk, so that the weights are too.
        """
        everything = {**self.targets, "inputs": self.inputs}
        if not self.inputs.dtype.is_floating_point and self.inputs.dim() == 4:
            chosen = evenly(len(self), OVERVIEW)
            return {name: rows if name == "label" else rows[chosen] for name, rows in everything.items()}
        return everything


@dataclass(frozen=True)
class Prepared:
    """All parts of a dataset, the samples they came from, and what was found out on the way."""

    train: Part | UnreadPart
    validation: Part | UnreadPart
    test: Part | UnreadPart
    classes: tuple[str, ...]
    samples: SampleSet
    preprocessor: Preprocessor | Unprocessed
    examination: Examination

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Files that could not be used; they are in no part."""
        return self.samples.faults + self.examination.faults

    @cached_property
    def mark(self) -> str:
        """Equal for the same samples with the same labels in the same parts, wherever their files lie."""
        code = hashlib.blake2b(digest_size=16)
        for array in (self.examination.digests, self.samples.labels, *(part.indices for part in self._parts)):
            code.update(repr(array.shape).encode())
            code.update(np.ascontiguousarray(array).data)
        for part in self._parts:
            for name, digest in sorted(part.digests.items()):
                if name != "label":
                    code.update(name.encode() + digest)
        return code.hexdigest()

    @property
    def _parts(self) -> tuple[Part | UnreadPart, Part | UnreadPart, Part | UnreadPart]:
        return self.train, self.validation, self.test

    def employ(self, readers: int | None) -> None:
        """Read with so many processes from now on, where any read; None for one on each processor."""
        if isinstance(self.train, UnreadPart):
            self.train.crew.employ(readers)

    def close(self) -> None:
        """Let the processes go that read pictures, where there are any."""
        if isinstance(self.train, UnreadPart):
            self.train.crew.close()

    def part(self, name: str) -> Part | UnreadPart:
        """The part called "train", "validation" or "test"; `BadInput` for any other name."""
        parts = dict(zip(PARTS, self._parts, strict=True))
        if name not in parts:
            raise BadInput(f"There is no part of the data called {name!r}.", f"Choose {', '.join(parts)}.")
        return parts[name]


def prepare(
    data: DataSpec,
    root: Path,
    emit: Emit,
    token: CancelToken,
    needs: Sequence[str] = ("label",),
    uses: Sequence[str] = (),
) -> Prepared:
    """Load, preprocess and split a dataset, holding it as tensors on the CPU.

    Pictures that would take more memory than they may are not held: their parts are `UnreadPart`, read from disk again
    in every epoch, which a `Notice` says. What is learned is the same to the last bit.

    Args:
        root: the project's folder; relative paths in the source's options start there.
        needs: the targets that the task learns from.
        uses: further ones that it takes where the data gives them.

    Raises:
        BadInput: the dataset isn't there, lacks what is needed, or holds no usable picture.
        JobCancelled: the token was set; it is looked at before every picture.
    """
    preprocessor = Preprocessor(data.preprocess)
    source = parse_source(data.source)
    samples = source.load(root, emit, token)
    require(samples.gives, needs, source.label)
    needs = (*needs, *(name for name in uses if name in samples.gives and name not in needs))
    if isinstance(samples, SeriesSet):
        return _series(data, samples, needs)
    assert isinstance(samples, PictureSet)
    needed, limit = memory_needed(len(samples), preprocessor, needs), memory_limit(data)
    if needed > limit:
        emit(_streaming(needed, limit))
        return _unread(data, samples, preprocessor, needs, emit, token)
    images, examination = _read(samples, preprocessor, emit, token)
    targets = _targets(samples, examination, preprocessor, needs, emit, token)
    return assemble(data, samples, preprocessor, images, examination, targets)


def require(gives: Sequence[str], needs: Sequence[str], label: str) -> None:
    """Raise `BadInput` when data that tells `gives` lacks what a task needs."""
    missing = [name for name in needs if name not in gives]
    if missing:
        lacking = " and ".join(TARGET_WORDS[name] for name in missing)
        given = ", ".join(TARGET_WORDS[name] for name in gives) or "nothing"
        raise BadInput(
            f"The task needs {lacking}, and {label} gives {given}.",
            "Choose another dataset or another task on the Data page, or label what is missing.",
        )


TARGET_WORDS = {
    "label": "a class for each picture",
    "labels": "the classes that occur in each picture",
    "boxes": "boxes",
    "instances": "outlines of the objects",
    "regions": "a class for each pixel",
    "edges": "edges",
    "normals": "surface normals",
    "clean": "clean pictures",
    "future": "how each sequence goes on",
    "tokens": "the next character",
}
"""What a person calls each target."""


def assemble(
    data: DataSpec,
    pictures: PictureSet,
    preprocessor: Preprocessor,
    images: np.ndarray,
    examination: Examination,
    targets: Mapping[str, np.ndarray] | None = None,
) -> Prepared:
    """Split preprocessed pictures, uint8 (N, C, H, W), and put every part into tensors."""
    given = {"label": pictures.labels} if targets is None else targets
    parts = _parts(images, given, parts_of(data, pictures, examination))
    return Prepared(*parts, pictures.classes, pictures, preprocessor, examination)


def _parts(
    inputs: np.ndarray, targets: Mapping[str, np.ndarray], indices: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[Part, Part, Part]:
    import torch

    made = [
        Part(
            torch.from_numpy(inputs[rows]),
            {name: torch.from_numpy(array[rows]) for name, array in targets.items()},
            rows,
        )
        for rows in indices
    ]
    if len(made[0]) == 0:
        raise _nothing()
    return made[0], made[1], made[2]


def _nothing() -> BadInput:
    return BadInput("There is nothing to train on.", "Give training a larger share on the Data page, or add pictures.")


def _unread(
    data: DataSpec,
    pictures: PictureSet,
    preprocessor: Preprocessor,
    needs: tuple[str, ...],
    emit: Emit,
    token: CancelToken,
) -> Prepared:
    """The parts of pictures that stay on disk; they are looked at once, to find broken ones and twins."""
    import torch

    examination = examine(pictures, emit, token)
    indices = parts_of(data, pictures, examination)
    if not len(indices[0]):
        raise _nothing()
    recipe = Recipe(pictures, preprocessor, examination.sizes, needs)
    most, digests = survey(recipe, examination, indices, emit, token)
    crew = Crew(replace(recipe, most=most), token)
    labels = [torch.from_numpy(pictures.labels[rows]) for rows in indices]
    parts = [UnreadPart(crew, *row) for row in zip(labels, indices, digests, strict=True)]
    return Prepared(parts[0], parts[1], parts[2], pictures.classes, pictures, preprocessor, examination)


def _series(data: DataSpec, series: SeriesSet, needs: Sequence[str]) -> Prepared:
    """Sequences as they are, split into parts."""
    examination = examine_series(series)
    targets = {name: series.targets[name] for name in needs}
    parts = _parts(series.inputs, targets, parts_of(data, series, examination))
    seen = Unprocessed(series.inputs.shape[1:])
    return Prepared(*parts, series.classes, series, seen, examination)


def parts_of(data: DataSpec, samples: SampleSet, examination: Examination) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The indices of the training, validation and test samples; unreadable pictures are in none."""
    usable = np.flatnonzero(examination.readable)
    within = split(samples.labels[usable], examination.twins[usable], data.split, samples.fixed[usable])
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


def _targets(
    pictures: PictureSet,
    examination: Examination,
    preprocessor: Preprocessor,
    needs: Sequence[str],
    emit: Emit,
    token: CancelToken,
) -> dict[str, np.ndarray]:
    """What is known of every picture at the network's size, each with N rows; nothing of those that are unreadable."""
    if not set(needs) - {"label"}:
        return {"label": pictures.labels} if needs else {}
    rows: dict[int, Arrays] = {}
    for index in range(len(pictures)):
        token.raise_if_cancelled()
        if index % 64 == 0:
            emit(Progress("Preparing what is known of the pictures", index, len(pictures)))
        if examination.readable[index]:
            width, height = examination.sizes[index].tolist()
            annotation = pictures.annotation(index)
            rows[index] = known(annotation, (height, width), preprocessor, len(pictures.classes), needs)
    nothing = blank(next(iter(rows.values()), {}))
    return stacked([rows.get(index, nothing) for index in range(len(pictures))])


def memory_needed(count: int, preprocessor: Preprocessor, needs: Sequence[str]) -> int:
    """Bytes that `count` pictures take with their targets, held once whole and once in parts."""
    channels, height, width = preprocessor.input_shape
    each = {"instances": 1, "regions": 1, "edges": 1, "normals": 12, "clean": channels}
    return 2 * count * height * width * (channels + sum(each.get(name, 0) for name in needs))


def memory_limit(data: DataSpec) -> int:
    """Bytes that the pictures of a run may take."""
    free = psutil.virtual_memory().available
    asked = FREE_SHARE * free if data.memory_limit_mb is None else data.memory_limit_mb * 2**20
    return int(min(asked, MOST_SHARE * free))


def _streaming(needed: int, limit: int) -> Notice:
    return Notice(
        "info",
        f"The prepared pictures would take {_megabytes(needed)} of memory and may take {_megabytes(limit)}, "
        "so they are read from disk during the training.",
        "A smaller picture size or a higher memory limit on the Data page would keep them in memory.",
        kind="streaming",
    )


def _megabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"


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


def measure(part: Part | UnreadPart) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of every channel over all pixels, on the scale 0 to 1.

    The sums are of whole numbers and therefore exact. A channel that never changes gets the deviation 1.
    """
    counts = np.zeros((part.sample_shape[0], 256), np.int64)
    for images in _pictures(part):
        for channel in range(len(counts)):
            counts[channel] += np.bincount(images[:, channel].reshape(-1), minlength=256)
    values = np.arange(256) / 255
    means = [float((row * values).sum() / row.sum()) for row in counts]
    spread = [np.sqrt((row * (values - mean) ** 2).sum() / row.sum()) for row, mean in zip(counts, means, strict=True)]
    return tuple(means), tuple(float(value) or 1.0 for value in spread)


def _pictures(part: Part | UnreadPart) -> Iterator[np.ndarray]:
    """All pictures of a part, uint8 (n, C, H, W), some at a time."""
    if isinstance(part, Part):
        yield part.inputs.numpy()
        return
    groups = np.array_split(part.indices, -(-len(part) // 256))
    for images, _ in part.crew.read(groups):
        yield images.numpy()
