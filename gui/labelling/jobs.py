"""The page's work on files, as jobs. Each is a frozen value that the runner calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage

from engine.cancel import CancelToken
from engine.datasets.pictures import load_picture
from engine.datasets.preprocess import resize
from engine.errors import BadInput
from engine.events import Emit, Event
from engine.labelling import store
from engine.labelling.spec import LabelSet

_FLUSH_SECONDS = 0.03


@dataclass(frozen=True)
class ReadLabels:
    """Gives the `LabelSet` of a folder."""

    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> LabelSet:
        return store.load(self.folder)


@dataclass(frozen=True)
class SaveLabels:
    """Write the labels. It is never cancelled, since it is short and nobody may lose work."""

    folder: Path
    labels: LabelSet

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        store.save(self.folder, self.labels)


def to_image(picture: np.ndarray) -> QImage:
    """uint8, (H, W, 3), as an image of its own, in the form that is painted fastest."""
    picture = np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    view = QImage(picture.data, width, height, width * 3, QImage.Format.Format_RGB888)
    return view.convertToFormat(QImage.Format.Format_RGB32)


@dataclass(frozen=True)
class ReadPicture:
    """Gives one picture as a `QImage`."""

    path: Path

    def __call__(self, emit: Emit, token: CancelToken) -> QImage:
        return to_image(load_picture(self.path))


@dataclass(frozen=True)
class ReadPictures(Event):
    """Some small pictures by file; None for one that cannot be read."""

    items: tuple[tuple[str, QImage | None], ...]


@dataclass(frozen=True)
class ReadSmall:
    """Read pictures in the order given, at most `side` pixels wide and high, and emit them a few at a time."""

    folder: Path
    files: tuple[str, ...]
    side: int

    def __call__(self, emit: Emit, token: CancelToken) -> None:
        ready: list[tuple[str, QImage | None]] = []
        last = time.monotonic()
        for file in self.files:
            token.raise_if_cancelled()
            ready.append((file, self._small(file)))
            if time.monotonic() - last > _FLUSH_SECONDS:
                emit(ReadPictures(tuple(ready)))
                ready, last = [], time.monotonic()
        if ready:
            emit(ReadPictures(tuple(ready)))

    def _small(self, file: str) -> QImage | None:
        try:
            picture = load_picture(self.folder / file, at_least=self.side)
        except BadInput:
            return None  # drawn as a broken picture; opening it says why
        height, width = picture.shape[:2]
        factor = min(1.0, self.side / max(height, width))
        return to_image(resize(picture, max(1, round(height * factor)), max(1, round(width * factor))))
