"""Pictures with objects marked in Pascal VOC's XML, and pixels in its PNGs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import IGNORE, Annotation
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_maps import fitted, read_numbers
from engine.datasets.formats.class_names import read_names
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import Finder, open_folder, part_of_folders, read_text, walk
from engine.datasets.formats.objects import Entry, ObjectPictures
from engine.datasets.formats.voc import MASK_FOLDERS, VocFile, VocMasks, VocReader, class_order, with_masks
from engine.errors import BadInput
from engine.events import Emit, Progress

_LISTS = {"train": 0, "val": 1, "test": 2}
_NAME_FILES = ("classes.txt", "labels.txt", "class_names.txt")


@DATASETS.register("voc")
class VocSet(DatasetSource):
    """Pictures whose objects are marked with boxes in XML files, one for each picture, as in Pascal VOC.

    PNGs in folders called SegmentationClass and SegmentationObject give the classes and the objects of pixels. Lists
    in ImageSets (train.txt, val.txt, test.txt), or folders of these names, keep pictures in their part.
    """

    label = "Pascal VOC XML"
    help = "Pictures with boxes in one XML file each, and masks in PNGs where there are some."
    gives = ("labels", "boxes", "instances", "regions")
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds the pictures and the XML files, or their folders.",
        json_schema_extra={"path": "folder"},
    )
    from_one: bool = Field(
        True,
        title="Pixels count from 1",
        description="The first pixel is number 1, as in Pascal VOC. Off for tools that count from 0.",
    )

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "XML annotations")
        if top.is_file():
            raise BadInput(f"{top} is a file.", "Choose the folder that holds the XML files.")
        names = list(walk(top))
        sources = [name for name in names if name.lower().endswith(".xml")]
        if not sources:
            raise BadInput(
                f"{top} holds no XML file.", "Choose the folder that holds the annotations and the pictures."
            )
        faults = Faults()
        reader = VocReader(top, Finder(top, MASK_FOLDERS), faults, int(self.from_one))
        files: dict[str, VocFile] = {}
        for count, source in enumerate(sources):
            token.raise_if_cancelled()
            if count % 500 == 0:
                emit(Progress("Reading XML files", count, len(sources)))
            file = reader.read(source)
            if file is None:
                continue
            if file.picture in files:
                faults.refuse(source, f"{file.picture} is described by {files[file.picture].source} already.", 1)
            else:
                files[file.picture] = file
        return _joined(top, names, list(files.values()), faults, token)


def _joined(top: Path, names: list[str], files: list[VocFile], faults: Faults, token: CancelToken) -> PictureSet:
    """The XML files with the PNGs, the class list and the parts."""
    listed_in = next((name for name in names if PurePosixPath(name).name in _NAME_FILES), None)
    listed = read_names(top / listed_in, listed_in, faults) if listed_in else []
    pngs = [name for name in names if PurePosixPath(name).parent.name in MASK_FOLDERS and name.lower().endswith(".png")]
    classes = class_order({one.name for file in files for one in file.objects}, listed, bool(pngs))
    if not files or not classes:
        raise unusable(top, "no picture with objects in XML", faults.first())
    numbers = {name: number for number, name in enumerate(classes)}
    masks = VocMasks(top, pngs, classes, faults)
    parts = _parts(top, names, faults)
    entries: list[Entry] = []
    pixels: dict[int, str] = {}
    turns: dict[int, int] = {}
    for file in files:
        token.raise_if_cancelled()
        stem = PurePosixPath(file.picture).stem
        kinds, objects, used = masks.of(stem, file.size, file.turn)
        if kinds is not None:
            pixels[len(entries)] = used[0]
            turns[len(entries)] = file.turn
        marked = with_masks(file.objects, numbers, kinds, objects)
        part = parts.get(stem, part_of_folders(file.picture))
        entries.append(Entry(file.picture, file.size, marked, part, file.source))
    shared = [*masks.files, *([listed_in] if listed_in else [])]
    return VocPictures(top, entries, classes, faults, shared, pixels, turns)


def _parts(top: Path, names: list[str], faults: Faults) -> dict[str, int]:
    """The part of each picture's stem, by the lists in `ImageSets`."""
    parts: dict[str, int] = {}
    for name in names:
        path = PurePosixPath(name)
        if "ImageSets" in path.parts and path.suffix == ".txt" and path.stem in _LISTS:
            for line in read_text(top / name, 64 * 2**20, faults, name).splitlines():
                word = line.split()[:1]
                if word:
                    parts.setdefault(word[0], _LISTS[path.stem])
    return parts


class VocPictures(ObjectPictures):
    """Objects from XML, with class maps where there are some.

    Args:
        pixels: the class map of a picture, by its index.
        turns: the orientation by which such a map must be turned, if any (see `quarter_turn`).
    """

    def __init__(
        self,
        folder: Path,
        entries: list[Entry],
        classes: list[str],
        faults: Faults,
        sources: list[str],
        pixels: dict[int, str],
        turns: dict[int, int],
    ) -> None:
        super().__init__(folder, entries, classes, faults, sources)
        self._pixels = pixels
        self._turns = turns
        if pixels and "regions" not in self.gives:
            self.gives = (*self.gives, "regions")

    def annotation(self, index: int) -> Annotation:
        known = super().annotation(index)
        if "regions" not in self.gives:
            return known
        width, height = self.entries[index].size
        name = self._pixels.get(index)
        if name is not None:
            regions = fitted(read_numbers(self.folder / name), (width, height), self._turns.get(index, 0))
            regions = np.where(regions > len(self.classes), np.uint8(IGNORE), regions)
        elif known.regions is not None:
            regions = known.regions
        else:
            regions = np.full((height, width), IGNORE, np.uint8)
        return replace(known, regions=regions)
