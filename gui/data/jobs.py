"""The page's work that takes time, as jobs. Each is a frozen value that the runner calls."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.augment import Augmenter
from engine.datasets.base import PictureSet, SeriesSet, parse_source
from engine.datasets.drawn_series import DrawnSeries
from engine.datasets.examine import Examination, examine_series
from engine.datasets.prepare import examine, measure, parts_of, prepare
from engine.datasets.preprocess import Preprocessor, resize
from engine.datasets.report import DatasetReport, report
from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.errors import BadInput
from engine.events import Emit, Event
from gui.data.known_marks import Marks, marks_of

VARIANTS = 8
_FLUSH_SECONDS = 0.03
_FLUSH_COUNT = 16


@dataclass(frozen=True)
class LoadPictures:
    """Find the samples of a dataset; gives a `PictureSet`, a `DrawnSeries` for sequences."""

    source: Choice
    root: Path

    def __call__(self, emit: Emit, token: CancelToken) -> PictureSet:
        found = parse_source(self.source).load(self.root, emit, token)
        if isinstance(found, SeriesSet):
            return DrawnSeries(found)
        assert isinstance(found, PictureSet)
        return found


@dataclass(frozen=True)
class ExaminePictures:
    """Look at every picture; gives an `Examination`."""

    pictures: PictureSet

    def __call__(self, emit: Emit, token: CancelToken) -> Examination:
        if isinstance(self.pictures, DrawnSeries):
            # Whether two sequences are the same is a matter of their values, and split must be that of the training.
            return examine_series(self.pictures.series)
        return examine(self.pictures, emit, token)


@dataclass(frozen=True)
class Reported:
    """The report, and the part that every picture is in: int8, (N,), 0 to 2, or -1 for unreadable ones."""

    report: DatasetReport
    part: np.ndarray


@dataclass(frozen=True)
class MakeReport:
    """Split the pictures and report on them; gives `Reported`."""

    data: DataSpec
    pictures: PictureSet
    examination: Examination

    def __call__(self, emit: Emit, token: CancelToken) -> Reported:
        part = np.full(len(self.pictures), -1, np.int8)
        for number, indices in enumerate(parts_of(self.data, self.pictures, self.examination)):
            part[indices] = number
        token.raise_if_cancelled()
        return Reported(self._said(report(self.data, self.pictures, self.examination)), part)

    def _said(self, found: DatasetReport) -> DatasetReport:
        """Without what is meant to be so: sequences have no pixels, and whole classes lie in one part."""
        idle = {"tiny", "distorted"} if isinstance(self.pictures, DrawnSeries) else set()
        idle |= {"missing"} if self.data.split.by == "class" else set()
        findings = tuple(finding for finding in found.findings if finding.kind not in idle)
        if isinstance(self.pictures, DrawnSeries):
            findings = tuple(
                replace(finding, what=_of_series(finding.what), advice=_of_series(finding.advice))
                for finding in findings
            )
        return replace(found, findings=findings)


def _of_series(words: str) -> str:
    """Words of a report on pictures, said of sequences."""
    return words.replace("picture", "sequence").replace("Picture", "Sequence")


@dataclass(frozen=True)
class Thumbnails(Event):
    """Some small pictures, uint8, (h, w, 3) or (h, w); None for one that can't be read."""

    items: tuple[tuple[int, np.ndarray | None], ...]


@dataclass(frozen=True)
class MakeThumbnails:
    """Read pictures in the order given, at most `side` pixels wide and high, and emit them a few at a time.

    With `preprocess` they are what the network sees.
    """

    pictures: PictureSet
    indices: tuple[int, ...]
    side: int
    preprocess: PreprocessSpec | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        ready: list[tuple[int, np.ndarray | None]] = []
        last = time.monotonic()
        for index in self.indices:
            if token.cancelled:
                break
            ready.append((index, self._thumbnail(index)))
            if len(ready) >= _FLUSH_COUNT or time.monotonic() - last > _FLUSH_SECONDS:
                emit(Thumbnails(tuple(ready)))
                ready, last = [], time.monotonic()
        if ready:
            emit(Thumbnails(tuple(ready)))
        token.raise_if_cancelled()

    def _thumbnail(self, index: int) -> np.ndarray | None:
        try:
            if self.preprocess is not None:
                seen = Preprocessor(self.preprocess).picture(self.pictures.picture(index))
                return shrunk(as_picture(seen), self.side)
            return shrunk(self.pictures.thumbnail(index, self.side), self.side)
        except BadInput:
            # The list of broken files says why; here it is drawn as a broken picture.
            return None


def as_picture(seen: np.ndarray) -> np.ndarray:
    """What a network sees, (C, H, W), as a picture: (H, W) or (H, W, 3)."""
    return seen[0] if seen.shape[0] == 1 else np.ascontiguousarray(seen.transpose(1, 2, 0))


def shrunk(picture: np.ndarray, side: int) -> np.ndarray:
    """`picture` with its long side at most `side`; never enlarged."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return picture
    return resize(picture, max(1, round(height * factor)), max(1, round(width * factor)))


@dataclass(frozen=True)
class Preview:
    """One picture on its way into the network: as it is, preprocessed, and as some epochs would show it.

    Attributes:
        target: the clean picture that the network shall give back, where the data brings one.
        marks: what is known of `original` and of `seen`; None where nothing is to be drawn.
        fault: why that cannot be drawn, or "".
    """

    index: int
    original: np.ndarray
    seen: np.ndarray
    variants: tuple[np.ndarray, ...]
    target: np.ndarray | None = None
    marks: tuple[Marks, Marks] | None = None
    fault: str = ""


@dataclass(frozen=True)
class MakePreview:
    """Gives a `Preview`; `seed` and the epochs from `first_epoch` decide the variants as they do in training.

    Attributes:
        layers: what of that which is known of the picture is drawn over it.
    """

    pictures: PictureSet
    index: int
    preprocess: PreprocessSpec
    augmentation: tuple[Choice, ...]
    seed: int
    first_epoch: int
    side: int
    layers: frozenset[str] = frozenset()

    def __call__(self, emit: Emit, token: CancelToken) -> Preview:
        original = self.pictures.picture(self.index)
        seen = Preprocessor(self.preprocess).picture(original)
        variants: list[np.ndarray] = []
        if self.augmentation:
            import torch

            augmenter = Augmenter(self.augmentation, self.seed)
            batch = torch.from_numpy(seen)[None]  # (1, C, H, W)
            for epoch in range(self.first_epoch, self.first_epoch + VARIANTS):
                token.raise_if_cancelled()
                changed = augmenter(batch, epoch, np.array([self.index]))
                variants.append(shrunk(as_picture(changed[0].numpy()), self.side))
        small, shown = shrunk(original, self.side), shrunk(as_picture(seen), self.side)
        marks, fault = None, ""
        if self.layers:
            token.raise_if_cancelled()
            size = (original.shape[0], original.shape[1])
            try:
                marks = marks_of(self.pictures, self.index, size, Preprocessor(self.preprocess), self.layers, self.side)
            except BadInput as error:
                fault = str(error)
        return Preview(self.index, small, shown, tuple(variants), self._target(), marks, fault)

    def _target(self) -> np.ndarray | None:
        if "clean" not in self.pictures.gives:
            return None
        clean = self.pictures.annotation(self.index).clean
        return None if clean is None else shrunk(as_picture(Preprocessor(self.preprocess).picture(clean)), self.side)


@dataclass(frozen=True)
class Measured:
    """Mean and standard deviation of every channel of the training pictures, on the scale 0 to 1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class MeasureTraining:
    """Prepare the data and measure its training part; gives `Measured`."""

    data: DataSpec
    root: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Measured:
        # The mean and deviation that stand there may not even fit the channels; they play no part here.
        bare = self.data.preprocess.model_copy(update={"mean": (0.0,), "std": (1.0,)})
        data = self.data.model_copy(update={"preprocess": bare})
        with closing(prepare(data, self.root, emit, token, needs=())) as prepared:
            mean, std = measure(prepared.train)
        return Measured(tuple(round(v, 4) for v in mean), tuple(round(v, 4) or 1.0 for v in std))
