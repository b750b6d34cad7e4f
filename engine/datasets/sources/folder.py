"""The user's own pictures: a folder for each class."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, Fault, PictureSet
from engine.datasets.formats.files import IGNORED, MAX_FILES, PART_NAMES, FilePictures, listing, walk
from engine.datasets.pictures import is_picture
from engine.errors import BadInput
from engine.events import Emit, Progress


@DATASETS.register("folder")
class PictureFolder(DatasetSource):
    """Your own pictures, sorted into one folder for each class; the folder's name is the class's name.

    Folders called train, validation and test (or val, valid, training, testing) with the class folders inside are
    understood too, and keep their pictures in that part. Folders inside a class folder belong to that class.
    """

    label = "Picture folder"
    help = "Your own pictures, with one folder for each class. Drop the folder here."
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the class folders.",
        json_schema_extra={"path": "folder"},
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        if not self.folder.strip():
            raise BadInput("No picture folder has been chosen.", "Choose one on the Data page, or drop it there.")
        top = (root / self.folder).absolute()
        if not top.is_dir():
            raise BadInput(f"There is no folder {top}.", "Choose the folder again; it may have been moved or renamed.")
        found = _Scan(top, emit, token)
        found.run()
        if not found.files:
            raise _no_pictures(top, found)
        return found.pictures()


class _Scan:
    """One walk through the folder."""

    def __init__(self, top: Path, emit: Emit, token: CancelToken) -> None:
        self.top = top
        self.files: list[str] = []
        self.loose = 0  # pictures outside any class folder
        self._emit = emit
        self._token = token
        self._class_of: list[str] = []
        self._fixed: list[int] = []
        self._classes: set[str] = set()
        self._faults: list[Fault] = []

    def run(self) -> None:
        folders, files = listing(self.top)
        parts = [name for name in folders if name.lower() in PART_NAMES]
        # A class may be called "test"; only where nothing but parts lies side by side are they meant as parts.
        if len(parts) == len(folders) >= 1 and any(PART_NAMES[name.lower()] == 0 for name in parts):
            for name in parts:
                self._take_classes(name, PART_NAMES[name.lower()])
        else:
            self._take_classes("", -1)
        self.loose += sum(is_picture(Path(name)) for name in files)

    def _take_classes(self, below: str, part: int) -> None:
        folders, files = listing(self.top / below)
        if below:
            self.loose += sum(is_picture(Path(name)) for name in files)
        for name in folders:
            before = len(self.files)
            for file in walk(self.top, f"{below}/{name}" if below else name):
                self._take(file, name, part)
            if len(self.files) > before:
                self._classes.add(name)
            elif not below:
                self._faults.append(Fault(f"{name}/", f"The folder {name} holds no pictures, so it is not a class."))

    def _take(self, file: str, class_name: str, part: int) -> None:
        self._token.raise_if_cancelled()
        name = file.rsplit("/", 1)[-1]
        if name.startswith(".") or name.lower() in IGNORED:
            return
        if not is_picture(Path(name)):
            self._faults.append(Fault(file, f"By its name {name} is not a picture file."))
            return
        if len(self.files) >= MAX_FILES:
            raise BadInput(f"{self.top} holds more than {MAX_FILES:,} pictures.", "Choose a folder with fewer of them.")
        if len(self.files) % 500 == 0:
            self._emit(Progress(f"Found {len(self.files):,} pictures"))
        self.files.append(file)
        self._class_of.append(class_name)
        self._fixed.append(part)

    def pictures(self) -> FilePictures:
        classes = sorted(self._classes, key=lambda name: (name.casefold(), name))
        numbers = {name: number for number, name in enumerate(classes)}
        labels = [numbers[name] for name in self._class_of]
        return FilePictures(self.top, self.files, classes, labels, self._faults, self._fixed)


def _no_pictures(top: Path, scan: _Scan) -> BadInput:
    if scan.loose:
        loose = "1 picture" if scan.loose == 1 else f"{scan.loose:,} pictures"
        return BadInput(
            f"{top} holds {loose} but no class folders.",
            "Make a folder for each class inside it and move its pictures there.",
        )
    return BadInput(f"{top} holds no pictures.", "Choose a folder that has one folder of pictures for each class.")
