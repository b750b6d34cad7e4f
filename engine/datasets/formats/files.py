"""Pictures and texts that lie in files: looking through folders, and reading without trusting what is read."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from engine.datasets.base import Fault, PictureSet
from engine.datasets.formats.faults import Faults
from engine.datasets.pictures import is_picture, load_picture
from engine.errors import BadInput

# Folder names that prescribe a part, as many published datasets are laid out.
PART_NAMES = {
    "train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "dev": 1, "test": 2, "testing": 2,
}  # fmt: skip
IGNORED = frozenset(("thumbs.db", "desktop.ini"))
MAX_FILES = 2_000_000
_MAX_NAME = 1000
_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 mean a quarter turn


class FilePictures(PictureSet):
    """Pictures that lie in files below `folder`."""

    keep = True

    def __init__(
        self,
        folder: Path,
        files: Sequence[str],
        classes: Sequence[str],
        labels: Sequence[int] | np.ndarray,
        faults: Sequence[Fault],
        fixed: Sequence[int] | np.ndarray,
    ) -> None:
        super().__init__(classes, np.array(labels, np.int64), files, faults, np.array(fixed, np.int8))
        self.folder = folder

    def path(self, index: int) -> Path:
        """Where picture `index` lies."""
        return self.folder / self.names[index]

    def picture(self, index: int) -> np.ndarray:
        return load_picture(self.path(index))

    def thumbnail(self, index: int, side: int) -> np.ndarray:
        return load_picture(self.path(index), at_least=side)

    def fingerprint(self) -> str:
        code = hashlib.blake2b(str(self.folder).encode("utf-8", "surrogatepass"), digest_size=16)
        for index, name in enumerate(self.names):
            line = f"{name}\n{self.labels[index]} {self.fixed[index]} {file_state(self.folder / name)}\n"
            code.update(line.encode("utf-8", "surrogatepass"))
        return code.hexdigest()


def file_state(path: Path) -> str:
    """Size and time of change, which tell an edited file from the one that was read."""
    try:
        info = os.stat(path)
    except OSError:
        return "gone"
    return f"{info.st_size} {info.st_mtime_ns}"


def listing(folder: Path) -> tuple[list[str], list[str]]:
    """The names of visible folders and of files in `folder`, sorted; links to folders are not followed."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name != "__MACOSX":
                        folders.append(entry.name)
                elif _is_file(entry):
                    files.append(entry.name)
    except PermissionError:
        raise BadInput(f"You may not look into the folder {folder}.", "Ask its owner, or choose another.") from None
    except OSError as error:
        raise BadInput(
            f"The folder {folder} could not be looked into: {error.strerror or error}.", "Choose the folder again."
        ) from None
    return sorted(folders), sorted(files)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # a link to itself, or to where nobody may look


def walk(top: Path, below: str = "") -> Iterator[str]:
    """Every file below `top/below`, as a path relative to `top` with forward slashes, in a fixed order."""
    waiting = [below]
    count = 0
    while waiting:
        place = waiting.pop()
        folders, files = listing(top / place)
        count += len(files)
        if count > MAX_FILES:
            raise BadInput(f"{top} holds more than {MAX_FILES:,} files.", "Choose a folder with fewer of them.")
        yield from (_join(place, name) for name in files)
        waiting.extend(_join(place, name) for name in reversed(folders))


def _join(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def part_of(path: str) -> int:
    """The part that the folders of a path, or the words of its file's name, prescribe; -1 for none.

    "annotations/instances_train2017.json" is for training, and "valid/images/1.png" for validation.
    """
    steps = PurePosixPath(path).parts
    words = [step.lower() for step in reversed(steps[:-1])] + re.findall("[a-z]+", PurePosixPath(path).stem.lower())
    return next((PART_NAMES[word] for word in words if word in PART_NAMES), -1)


def part_of_folders(path: str) -> int:
    """The part that the folders of a path prescribe; -1 for none."""
    steps = PurePosixPath(path).parts[:-1]
    return next((PART_NAMES[step.lower()] for step in steps if step.lower() in PART_NAMES), -1)


def name_within(name: str, chosen: str, usual: tuple[str, ...]) -> str | None:
    """A path without its suffix and without the folder that holds its kind of file; None if it lies in no such folder.

    Args:
        name: a path below the dataset's folder.
        chosen: the folder that holds the kind; "" to look for one called like one of `usual`.
    """
    span = kind_folder(name, chosen, usual)
    return None if span is None else without_steps(name, span)


def kind_folder(name: str, chosen: str, usual: tuple[str, ...], innermost: bool = False) -> tuple[int, int] | None:
    """Which steps of a path are the folder that holds its kind of file: first, and behind the last; None if none is.

    Args:
        name: a path below the dataset's folder.
        chosen: the folder that holds the kind, in small or capital letters; "" to look for one called like `usual`.
        usual: in small letters.
        innermost: whether to look from the file outwards.
    """
    folders = [step.casefold() for step in name.split("/")[:-1]]
    wanted = [step.casefold() for step in folder_steps(chosen)]
    if wanted:
        return (0, len(wanted)) if folders[: len(wanted)] == wanted else None
    places = reversed(range(len(folders))) if innermost else iter(range(len(folders)))
    return next(((place, place + 1) for place in places if folders[place] in usual), None)


def without_steps(name: str, span: tuple[int, int]) -> str:
    """A path without its suffix and without the steps from the first of `span` to that before the second."""
    steps = str(PurePosixPath(name).with_suffix("")).split("/")
    return "/".join([*steps[: span[0]], *steps[span[1] :]])


def folder_steps(chosen: str) -> list[str]:
    """The steps of a folder's path as a person writes it: "./a\\b/" is a and b."""
    return [step for step in chosen.strip().replace("\\", "/").split("/") if step not in ("", ".")]


def prescribed(parts: Sequence[int]) -> np.ndarray:
    """The parts as int8, (N,), if they tell pictures apart and leave some to learn from; else -1 for every picture."""
    fixed = np.array(parts, np.int8)
    found = set(fixed.tolist())
    return fixed if len(found) > 1 and found & {0, -1} else np.full(len(fixed), -1, np.int8)


def safe_relative(text: str) -> str | None:
    """A path as annotation files give it, with forward slashes; None if it could lead out of the dataset's folder."""
    path = text.strip().replace("\\", "/")
    if not path or len(path) > _MAX_NAME or path.startswith("/") or re.match("[A-Za-z]:", path):
        return None
    if any(ord(sign) < 32 for sign in path):
        return None
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return "/".join(steps) if steps and ".." not in steps else None


class Finder:
    """Finds pictures below `top` by what annotation files call them.

    Args:
        without: names of folders whose pictures are none, such as those of masks.
    """

    def __init__(self, top: Path, without: Sequence[str] = ()) -> None:
        self.files = [
            name for name in walk(top) if is_picture(Path(name)) and PurePosixPath(name).parent.name not in without
        ]
        self._known = set(self.files)
        self._by_stem: dict[str, list[str]] = {}
        for name in self.files:
            self._by_stem.setdefault(PurePosixPath(name).stem.casefold(), []).append(name)

    def find(self, name: str, near: str = "", stem_only: bool = False) -> str | None:
        """The picture's path below `top`, or None where there is none, or several that nothing tells apart.

        Args:
            name: a safe relative path.
            near: the annotation file's path below `top`; its own folder comes first, then one for the same part.
            stem_only: whether the suffix may differ.
        """
        place = str(PurePosixPath(near).parent) if "/" in near else ""
        if not stem_only:
            for prefix in (place, f"{place}/images" if place else "images", ""):
                full = _join(prefix, name)
                if full in self._known:
                    return full
        wanted = _key(name, stem_only)
        found = [
            file
            for file in self._by_stem.get(PurePosixPath(name).stem.casefold(), [])
            if ("/" + _key(file, stem_only)).endswith("/" + wanted)
        ]
        for fits in (
            lambda file: str(PurePosixPath(file).parent) == (place or "."),
            lambda file: part_of_folders(file) == part_of(near) != -1 or part_of(file) == part_of(near) != -1,
        ):
            if len(found) > 1:
                found = [file for file in found if fits(file)] or found
        return found[0] if len(found) == 1 else None


def _key(name: str, stem_only: bool) -> str:
    return (str(PurePosixPath(name).with_suffix("")) if stem_only else name).casefold()


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is shown (upright), from its header alone.

    Raises:
        BadInput: it is not there, or no picture.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    except FileNotFoundError:
        raise BadInput(f"{path.name} is not there.", f"Look for it in {path.parent}.") from None
    except Exception as error:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        if path.is_file() and not path.stat().st_size:
            raise BadInput(f"{path.name} is an empty file.", "Copy it again, or take it out.") from None
        raise BadInput(
            f"{path.name} is not a picture that can be read.", "Copy it again, or take it out.", details=repr(error)
        ) from None
    return (height, width) if turned else (width, height)


def is_upright(path: Path) -> bool:
    """Whether a picture's pixels lie in the file as they are shown, so that every reader agrees on where things are."""
    try:
        with Image.open(path) as image:
            return image.getexif().get(_ORIENTATION, 1) in (0, 1)
    except Exception:  # noqa: BLE001 - decoders raise nearly anything on a damaged file
        return False


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes, or `BadInput`."""
    try:
        if not path.is_file():
            raise BadInput(f"{path} is not there, or not a file.", "Choose it again.")
        size = path.stat().st_size
        if size > most:
            raise BadInput(
                f"{path.name} has {size / 2**20:,.1f} MB; {most / 2**20:,.0f} MB is the limit.", "Split it into parts."
            )
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} could not be read: {error.strerror or error}.", "Check that you may open it.") from None


def read_text(path: Path, most: int, faults: Faults, name: str) -> str:
    """The text of a file: UTF-8, UTF-16 where it says so, else Western; `name` is for faults. Raises `BadInput`."""
    data = read_bytes(path, most)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.repair(name, "The file is not UTF-8 from here on, so it was read as Western (Latin-1) text.", line)
        return data.decode("latin-1")


def open_folder(root: Path, folder: str, what: str) -> Path:
    """The folder that an option names, or the file if it names one; `BadInput` if there is none."""
    if not folder.strip():
        raise BadInput(f"No folder with {what} has been chosen.", "Choose one on the Data page, or drop it there.")
    top = (root / folder).absolute()
    if not top.exists():
        raise BadInput(f"There is no folder {top}.", "Choose the folder again; it may have been moved or renamed.")
    return top
