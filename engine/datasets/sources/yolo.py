"""Pictures with objects marked in YOLO's text files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_names import read_names, read_yaml_names
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import Finder, open_folder, part_of_folders, picture_size, read_text, walk
from engine.datasets.formats.objects import Entry, ObjectPictures
from engine.datasets.formats.yolo import MAX_BYTES, Line, label_places, read_lines
from engine.errors import BadInput
from engine.events import Emit, Progress

_NAME_FILES = ("classes.txt", "obj.names", "labels.txt", "names.txt", "class_names.txt")
_NO_LABELS = frozenset((*_NAME_FILES, "readme.txt", "train.txt", "val.txt", "test.txt", "notes.txt"))


@DATASETS.register("yolo")
class YoloSet(DatasetSource):
    """Pictures whose objects are marked in text files, one for each picture, as the YOLO family of tools writes them.

    The text of images/train/1.jpg is labels/train/1.txt, or 1.txt beside the picture. A picture without text has no
    objects. Class names come from data.yaml or classes.txt; folders called train, val and test keep their part.
    """

    label = "YOLO text"
    help = "Pictures with boxes or outlines in one text file each."
    gives = ("labels", "boxes", "instances", "regions")
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the pictures, the text files and the list of names.",
        json_schema_extra={"path": "folder"},
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "YOLO labels")
        if top.is_file():
            top = top.parent
        names = set(walk(top))
        faults = Faults()
        classes, lists = _classes(top, names, faults)
        finder = Finder(top)
        used: set[str] = set()
        found: list[tuple[str, tuple[int, int], list[Line], str]] = []
        for count, picture in enumerate(finder.files):
            token.raise_if_cancelled()
            if count % 500 == 0:
                emit(Progress("Reading text files", count, len(finder.files)))
            source = next((place for place in label_places(picture) if _is_label(place) and place in names), "")
            if source in used:
                faults.refuse(picture, f"Its text {source} belongs to another picture, so the picture was left out.")
                continue
            used.add(source)
            used.discard("")
            try:
                size = picture_size(top / picture)
                text = read_text(top / source, MAX_BYTES, faults, source) if source else ""
            except BadInput as error:
                faults.refuse(picture, f"The picture was left out: {error.what}")
                continue
            found.append((picture, size, read_lines(text, source, len(classes) or None, faults), source))
        _lonely(names, used, faults)
        if not classes:
            most = max((one.label for _, _, lines, _ in found for one in lines), default=-1)
            classes = [str(number) for number in range(most + 1)]
        if not used or not found or not classes:
            raise unusable(top, "no picture with a YOLO text file", faults.first())
        entries = [
            Entry(picture, size, tuple(one.marked(size) for one in lines), part_of_folders(picture), source)
            for picture, size, lines, source in found
        ]
        return ObjectPictures(top, entries, classes, faults, lists)


def _is_label(name: str) -> bool:
    return PurePosixPath(name).name.lower() not in _NO_LABELS


def _classes(top: Path, names: set[str], faults: Faults) -> tuple[list[str], list[str]]:
    """The class names, and the files they came from; nearer to the top goes first, YAML before a plain list."""
    lists = sorted(
        (name for name in names if name.lower().endswith((".yaml", ".yml")) or not _is_label(name)),
        key=lambda name: (name.count("/"), not name.lower().endswith((".yaml", ".yml")), name),
    )
    for name in lists:
        file = PurePosixPath(name).name.lower()
        try:
            if file.endswith((".yaml", ".yml")):
                found = read_yaml_names(top / name, name, faults)
            elif file in _NAME_FILES:
                found = read_names(top / name, name, faults)
            else:
                continue
        except BadInput as error:
            faults.refuse(name, error.what)
            continue
        if found:
            return found, [name]
    return [], []


def _lonely(names: set[str], used: set[str], faults: Faults) -> None:
    """Note the texts that no picture is there for."""
    for name in sorted(names - used):
        if name.endswith(".txt") and _is_label(name) and ("labels" in PurePosixPath(name).parts or "/" not in name):
            faults.refuse(name, "There is no picture for this file, so it was left out.", 1)
