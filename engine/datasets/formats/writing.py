"""Writing any set of pictures in any format: what a format is, and the job that writes."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from PIL import Image

from engine.cancel import CancelToken
from engine.datasets.annotation import IGNORE, Annotation
from engine.datasets.base import Fault, PictureSet
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import is_upright, picture_size
from engine.datasets.formats.outlines import fill
from engine.datasets.pictures import SUFFIXES
from engine.errors import BadInput, JobFailed
from engine.events import Emit, Progress
from engine.registry import Registry

FORMATS: Registry[type[DatasetFormat]] = Registry("dataset format", "engine.datasets.formats")

PART_FOLDERS = {-1: "", 0: "train", 1: "val", 2: "test"}
_PICTURE_SUFFIXES = SUFFIXES - {".gif"}
_MOST_STEM = 100


@dataclass(frozen=True)
class Shown:
    """A picture that is written.

    Attributes:
        name: its file's name, whose stem no other picture has.
        size: width and height in pixels.
        part: 0 training, 1 validation, 2 test, -1 free.
        known: what is known of it.
    """

    name: str
    size: tuple[int, int]
    part: int
    known: Annotation

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def count(self) -> int:
        """How many objects it has."""
        return 0 if self.known.boxes is None else len(self.known.boxes)

    def instances(self) -> np.ndarray | None:
        """uint16, (H, W), drawn from outlines where nothing else is known; None without either."""
        if self.known.instances is not None or not self.known.outlines or not any(self.known.outlines):
            return self.known.instances
        width, height = self.size
        found = np.zeros((height, width), np.uint16)
        for number, rings in enumerate(self.known.outlines, 1):
            if rings:
                found[fill(rings, height, width)] = number
        return found

    def regions(self) -> np.ndarray | None:
        """uint8, (H, W), put together from the objects where nothing else is known; None without either."""
        if self.known.regions is not None:
            return self.known.regions
        instances = self.instances()
        if instances is None or self.known.box_labels is None or self.known.box_labels.max(initial=0) + 1 >= IGNORE:
            return None
        return np.concatenate([[0], self.known.box_labels + 1]).astype(np.uint8)[instances]


class DatasetFormat(ABC):
    """Base of all formats; one object writes one set.

    Class variables:
        label: what a list says.
        help: one sentence: what is written.
        carries: which of `engine.datasets.annotation.TARGETS` it can hold.
        needs: of which of them one has to be known.
        source: the dataset in `DATASETS` that reads it back.
        jpeg: whether its pictures have to be JPEG files.

    Args:
        folder: where to write; it exists and is empty.
        classes: the names.
        gives: what the set knows of its pictures.
    """

    label: ClassVar[str]
    help: ClassVar[str]
    carries: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    source: ClassVar[str]
    jpeg: ClassVar[bool] = False

    def __init__(self, folder: Path, classes: Sequence[str], gives: Sequence[str], faults: Faults) -> None:
        self.folder = folder
        self.classes = tuple(one_line(name) for name in classes)
        self.gives = tuple(gives)
        self.faults = faults

    @abstractmethod
    def place(self, shown: Shown) -> str | None:
        """Where the picture file goes, below the folder; None, with a fault, if the format cannot hold the picture."""

    @abstractmethod
    def add(self, shown: Shown) -> None:
        """Write what is known of a picture whose file has been written."""

    @abstractmethod
    def finish(self) -> None:
        """Write what tells of all pictures."""

    def write(self, place: str, data: bytes) -> None:
        """Write a file below the folder."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write_map(self, place: str, numbers: np.ndarray) -> None:
        """Write numbers, uint8 (H, W), as a PNG with a palette that keeps neighbours apart."""
        image = Image.fromarray(np.ascontiguousarray(numbers, np.uint8))
        image.putpalette(PALETTE)
        code = io.BytesIO()
        image.save(code, "PNG")
        self.write(place, code.getvalue())


def _palette() -> list[int]:
    """The colours of Pascal VOC's PNGs: the bits of the number, spread over red, green and blue from the top."""
    colours = []
    for number in range(256):
        colour = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                colour[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit) if 3 * bit + channel < 8 else 0
        colours += colour
    return colours


PALETTE = _palette()


def one_line(text: str) -> str:
    """A name without line breaks and control characters, which no format can hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()) or "?"


def shortest(value: float) -> int | float:
    """The shortest number that is the same in 32 bits."""
    found = float(str(np.float32(value)))
    return int(found) if found.is_integer() else found


def formats_for(pictures: PictureSet) -> list[str]:
    """Ids of the formats that can hold something of what is known of these pictures."""
    return [id for id, form in FORMATS.items() if set(form.needs) & set(pictures.gives)]


_WORDS = {"label": "the class", "labels": "the classes", "boxes": "boxes", "instances": "masks", "regions": "regions"}


def _either(names: Sequence[str]) -> str:
    return " or ".join(_WORDS.get(name, name) for name in names)


@dataclass(frozen=True)
class WrittenSet:
    """What was written.

    Attributes:
        pictures: how many.
        objects: how many of them were marked.
        lost: what is known of the pictures and the format cannot hold.
        faults: pictures that were left out, and why.
    """

    folder: Path
    format: str
    pictures: int
    objects: int
    lost: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class WriteDatasetJob:
    """Writes pictures and what is known of them in one of `FORMATS`.

    Args:
        folder: a folder that does not exist yet, or is empty; it appears when everything has been written.
        format: id in `FORMATS`.
        indices: which of the pictures; None for all.

    Called as a job it emits `Progress`, returns a `WrittenSet`, and can be cancelled between pictures, after which
    nothing is left behind. Pictures that cannot be read are left out and told of.

    Raises:
        BadInput: the folder is in use, or nothing that the format needs is known.
        JobFailed: the disk is full, or no picture could be written.
    """

    pictures: PictureSet
    folder: Path
    format: str
    indices: Sequence[int] | None = None

    def __call__(self, emit: Emit, token: CancelToken) -> WrittenSet:
        kind = FORMATS.get(self.format)
        folder = Path(self.folder).absolute()
        if not set(kind.needs) & set(self.pictures.gives):
            raise BadInput(
                f"{kind.label} needs {_either(kind.needs)} of the pictures, which is not known.",
                f"Choose another format: {', '.join(formats_for(self.pictures)) or 'there is none for them'}.",
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"{folder} is in use already.", "Choose an empty folder, or the name of a fresh one.")
        if not folder.parent.is_dir():
            raise BadInput(f"There is no folder {folder.parent}.", "Choose a folder that exists.")
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}.", dir=folder.parent))
        try:
            written = self._write(kind, making, emit, token)
            making.chmod(0o755)
            with contextlib.suppress(FileNotFoundError):
                folder.rmdir()
            os.replace(making, folder)
            return written
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def _write(self, kind: type[DatasetFormat], making: Path, emit: Emit, token: CancelToken) -> WrittenSet:
        faults = Faults()
        pictures = self.pictures
        form = kind(making, pictures.classes, pictures.gives, faults)
        chosen = range(len(pictures)) if self.indices is None else list(self.indices)
        names = Names(getattr(pictures, "home", ""))
        count = objects = 0
        for done, index in enumerate(chosen):
            token.raise_if_cancelled()
            emit(Progress(f"Writing {kind.label}", done, len(chosen)))
            try:
                shown = self._picture(form, index, names)
            except BadInput as error:
                faults.refuse(pictures.names[index], error.what)
                continue
            if shown is not None:
                form.add(shown)
                count += 1
                objects += shown.count
        token.raise_if_cancelled()
        if not count:
            raise JobFailed("None of the pictures could be written.", faults.first() or "Choose at least one picture.")
        form.finish()
        emit(Progress(f"Writing {kind.label}", len(chosen), len(chosen)))
        lost = tuple(name for name in pictures.gives if name not in kind.carries)
        return WrittenSet(Path(self.folder), self.format, count, objects, lost, tuple(faults.all()))

    def _picture(self, form: DatasetFormat, index: int, names: Names) -> Shown | None:
        """Write one picture file; None where the format cannot hold it."""
        name = self.pictures.names[index]
        path = getattr(self.pictures, "path", None)
        file = Path(path(index)) if path is not None else None
        wanted = (".jpg", ".jpeg") if form.jpeg else _PICTURE_SUFFIXES
        if file is not None and file.suffix.lower() in wanted and is_upright(file):
            suffix = ".jpg" if form.jpeg else file.suffix.lower()
            size = picture_size(file)
            data = None
        else:
            pixels = self.pictures.picture(index)
            size = (pixels.shape[1], pixels.shape[0])
            suffix = ".jpg" if form.jpeg else ".png"
            data = encoded(pixels, suffix)
        known = self.pictures.annotation(index)
        shown = Shown(names.take(name) + suffix, size, int(self.pictures.fixed[index]), known)
        place = form.place(shown)
        if place is None:
            return None
        if data is not None or file is None:
            form.write(place, data or b"")
            return shown
        target = form.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        return shown


def encoded(pixels: np.ndarray, suffix: str) -> bytes:
    """A picture, uint8 (H, W, 3), as the bytes of a PNG, or of a JPEG of the highest quality."""
    code = io.BytesIO()
    image = Image.fromarray(pixels)
    if suffix == ".png":
        image.save(code, "PNG", compress_level=3)
    else:
        image.save(code, "JPEG", quality=100, subsampling=0)
    return code.getvalue()


class Names:
    """Gives every picture a file name that works everywhere, with a stem that no other has.

    Args:
        home: a folder that all names begin with and files need not be named after, such as "pictures/".
    """

    def __init__(self, home: str = "") -> None:
        self._home = home
        self._taken: set[str] = set()

    def take(self, name: str) -> str:
        path = PurePosixPath(name.replace("\\", "/").removeprefix(self._home))
        flat = "_".join([*path.parts[:-1], path.stem]) if len(path.parts) > 1 else path.stem
        plain = re.sub(r"[^\w.()+-]+", "_", flat).strip("._")[-_MOST_STEM:] or "picture"
        found, number = plain, 1
        while found.casefold() in self._taken:
            number += 1
            found = f"{plain}_{number}"
        self._taken.add(found.casefold())
        return found
