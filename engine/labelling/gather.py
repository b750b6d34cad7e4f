"""Bringing pictures to the labels: copies of files, moments of a camera. Each is a job for the runner."""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import Fault
from engine.datasets.pictures import is_picture
from engine.errors import BadInput, JobFailed
from engine.events import Emit, Progress
from engine.labelling.spec import MAX_PICTURES, MAX_PIXELS, MAX_SIDE, LabelledPicture
from engine.labelling.store import PICTURES

_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_ORIENTATION = 274
_REFUSED = '\\:*?"<>|'
_SPARE_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Gathered:
    """What came of it: pictures without labels, how many were there already, and files that cannot be used."""

    pictures: tuple[LabelledPicture, ...]
    known: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class AddPictures:
    """Copy picture files, and those in folders at any depth, below the folder of the labels; gives `Gathered`.

    A file whose bytes lie there already is not copied again.
    """

    paths: tuple[Path, ...]
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Gathered:
        emit(Progress("Looking for pictures"))
        found = list(self._found(token))
        if not found:
            names = ", ".join(path.name for path in self.paths[:3])
            raise BadInput(f"{names} holds no pictures.", "Choose a folder with PNG, JPEG or similar files.")
        if len(found) > MAX_PICTURES:
            raise BadInput(
                f"These are {len(found):,} pictures; {MAX_PICTURES:,} is the most.", "Choose a smaller folder."
            )
        place = made_folder(self.folder)
        self._check_room(found, place)
        return self._copied(found, place, emit, token)

    def _copied(self, found: list[tuple[Path, str]], place: Path, emit: Emit, token: CancelToken) -> Gathered:
        there = _BySize(place)
        pictures: list[LabelledPicture] = []
        faults: list[Fault] = []
        known = 0
        for number, (path, name) in enumerate(found):
            token.raise_if_cancelled()
            emit(Progress("Copying pictures", number, len(found)))
            try:
                width, height = picture_size(path)
                if there.has(path):
                    known += 1
                    continue
                target = free_name(place, name)
                shutil.copyfile(path, target)
            except (BadInput, OSError) as error:
                faults.append(Fault(name, error.what if isinstance(error, BadInput) else str(error.strerror or error)))
                continue
            there.add(target)
            pictures.append(LabelledPicture(f"{PICTURES}/{target.name}", width, height))
        return Gathered(tuple(pictures), known, tuple(faults))

    def _found(self, token: CancelToken) -> Iterator[tuple[Path, str]]:
        """Every picture with the name that it gets: the folders that it lies in become part of it."""
        for path in self.paths:
            if not path.is_dir():
                if is_picture(path):
                    yield path, _plain_name(path.name)
                continue
            for base, folders, files in os.walk(path):
                token.raise_if_cancelled()
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                for name in sorted(files):
                    file = Path(base) / name
                    if is_picture(file) and not name.startswith("."):
                        yield file, _plain_name("-".join(file.relative_to(path).parts))

    def _check_room(self, found: list[tuple[Path, str]], place: Path) -> None:
        wanted = sum(path.stat().st_size for path, _ in found if path.is_file())
        free = shutil.disk_usage(place).free
        if wanted + _SPARE_BYTES > free:
            raise JobFailed(
                f"The pictures take {wanted / 2**20:,.0f} MB, and the project's disk has {free / 2**20:,.0f} MB left.",
                "Free some space, save the project on another disk, or choose fewer pictures.",
            )


@dataclass(frozen=True)
class KeepFrame:
    """Write one moment of a camera or a video, (H, W, 3) uint8 in BGR, beside the labels; gives `Gathered`."""

    image: np.ndarray
    folder: Path

    def __call__(self, emit: Emit, token: CancelToken) -> Gathered:
        from engine.inference.recording import save_picture

        stamp = f"{datetime.now():%Y-%m-%d %H-%M-%S-%f}"[:-3]
        path = free_name(made_folder(self.folder), f"{stamp}.png")
        save_picture(path, self.image)
        height, width = self.image.shape[:2]
        return Gathered((LabelledPicture(f"{PICTURES}/{path.name}", width, height),))


def made_folder(folder: Path) -> Path:
    """The folder of the pictures, made if missing. Raises `BadInput` when that is not possible."""
    place = Path(folder) / PICTURES
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The folder {place} could not be made: {error.strerror or error}.", "Save the project where you may write."
        ) from None
    return place


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of the upright picture, from the file's head. Raises `BadInput` when it is no picture."""
    from PIL import Image

    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION) in _TURNED
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        raise BadInput(
            f"{path.name} is not a picture that can be read.", "Leave it out.", details=repr(error)
        ) from None
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE or width * height > MAX_PIXELS:
        raise BadInput(
            f"{path.name} has {width:,}×{height:,} pixels, more than {MAX_PIXELS // 10**6} million.",
            "Make it smaller with an image editor first.",
        )
    return (height, width) if turned else (width, height)


def free_name(folder: Path, name: str) -> Path:
    """`folder / name`, or with the first number behind it that is free."""
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem} {number}{Path(name).suffix}"
    return path


def _plain_name(name: str) -> str:
    """A name that every system takes."""
    kept = "".join("_" if mark < " " or mark in _REFUSED else mark for mark in name)
    stem, suffix = Path(kept).stem[:120].strip(" ."), Path(kept).suffix
    return f"{stem or 'picture'}{suffix}"


class _BySize:
    """Tells whether the bytes of a file lie in the folder already, reading only files of equal size."""

    def __init__(self, folder: Path) -> None:
        self._sizes: dict[int, list[Path]] = {}
        self._digests: dict[Path, bytes] = {}
        for path in folder.iterdir():
            if path.is_file():
                self.add(path)

    def add(self, path: Path) -> None:
        self._sizes.setdefault(path.stat().st_size, []).append(path)

    def has(self, path: Path) -> bool:
        alike = self._sizes.get(path.stat().st_size, [])
        return any(self._digest(other) == self._digest(path) for other in alike)

    def _digest(self, path: Path) -> bytes:
        if path not in self._digests:
            self._digests[path] = hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
        return self._digests[path]
