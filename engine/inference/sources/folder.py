"""A folder of pictures, or a single picture, in natural order of the names."""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from pathlib import Path

import numpy as np

from engine.datasets.pictures import SUFFIXES, load_picture
from engine.errors import BadInput, VitrineError
from engine.inference.frame import Frame
from engine.inference.source import SOURCES, Source, SourceKind

_MOST = 200_000


class Album(Source):
    """Pictures that are read one by one, in an order, as often as somebody likes.

    Args:
        name: what a person calls it.
        seconds: how long each picture stays when a person watches; 0 for as fast as they are asked for.
        loop: begin again at the end.
    """

    patience = 30.0

    def __init__(self, name: str, *, seconds: float = 0.0, loop: bool = False) -> None:
        super().__init__(name)
        self.paced = seconds > 0
        self._seconds = seconds
        self._loop = loop
        self._count = 0
        self._next = 0
        self._index = 0
        self._began = 0.0
        self._shown = 0.0

    @abstractmethod
    def _picture(self, place: int) -> tuple[np.ndarray, str]:
        """Picture `place`, uint8 (H, W, 3) in RGB, and its name. Raises `BadInput` if it cannot be read."""

    def _begin(self, count: int) -> None:
        """There are so many pictures to be read."""
        self._count = count
        self._began = time.perf_counter()

    def read(self) -> Frame | None:
        if self._shown:
            self._wait(self._shown + self._seconds - time.perf_counter())
        failed = 0
        while not self.interrupted:
            if self._next >= self._count:
                if not self._loop or failed >= self._count:
                    return None
                self._next = 0
            place = self._next
            self._next += 1
            try:
                return self._frame(place)
            except VitrineError as error:
                failed += 1
                self.on_fault(error)
        return None

    def _frame(self, place: int) -> Frame:
        rgb, name = self._picture(place)
        self._shown = time.perf_counter()
        elapsed = (self._shown - self._began) * 1000
        frame = Frame(np.ascontiguousarray(rgb[:, :, ::-1]), self._index, elapsed, self._shown, name)
        self._index += 1
        return frame

    def close(self) -> None:
        self._count = 0


class FolderSource(Album):
    """Pictures of a folder one by one.

    Args:
        path: a folder, or one picture.
    """

    open_patience = 60.0  # a folder of very many files

    def __init__(self, path: Path, *, seconds: float = 0.0, loop: bool = False) -> None:
        super().__init__(path.name or str(path), seconds=seconds, loop=loop)
        self.path = path
        self._files: list[Path] = []

    def open(self) -> None:
        if self.path.is_file():
            self._files = [self.path]
        elif self.path.is_dir():
            self._files = pictures_in(self.path)
        else:
            kind = "file" if self.path.suffix.lower() in SUFFIXES else "folder"
            raise BadInput(f"{self.path} does not exist.", f"Check the name, or choose another {kind}.")
        if not self._files:
            raise BadInput(
                f"The folder {self.path} holds no pictures.",
                f"Choose a folder with files ending in {', '.join(sorted(SUFFIXES))}.",
            )
        self._begin(len(self._files))

    def _picture(self, place: int) -> tuple[np.ndarray, str]:
        return load_picture(self._files[place]), self._files[place].name


def pictures_in(folder: Path) -> list[Path]:
    """Pictures in `folder` and the folders in it, 2 before 10; at most 200,000."""
    found = []
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            found.append(path)
            if len(found) >= _MOST:
                break
    return sorted(found, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def _accepts(text: str) -> bool:
    path = Path(text)
    return "://" not in text and (path.suffix.lower() in SUFFIXES - {".gif"} or path.is_dir())


SOURCES.add(
    "folder",
    SourceKind(
        "Picture folder",
        _accepts,
        lambda text, live, loop: FolderSource(Path(text), seconds=2.0 if live else 0.0, loop=loop),
        "FOLDER",
    ),
)
