"""Pictures with a PNG each whose numbers are the classes of pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import BACKGROUND, IGNORE, Annotation
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.class_maps import known_only, read_numbers
from engine.datasets.formats.class_names import BACKGROUND_NAMES, read_names
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import (
    FilePictures,
    file_state,
    name_within,
    open_folder,
    part_of_folders,
    picture_size,
    prescribed,
    walk,
)
from engine.datasets.formats.turned import MARKED_LYING, quarter_turn, turned_map
from engine.datasets.pictures import is_picture
from engine.errors import BadInput
from engine.events import Emit, Progress

_PICTURE_FOLDERS = ("images", "pictures", "image", "imgs", "img", "jpegimages", "photos")
_MASK_FOLDERS = ("masks", "mask", "labels", "annotations", "segmentationclass", "segmentations", "mattes", "gt")
_NAME_FILES = ("classes.txt", "class_names.txt", "labels.txt", "names.txt")
_ENDINGS = ("", "_mask", "-mask", "_label", "_labels", "_gt", "_seg", "_segmentation", "_L")
_MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif")


@DATASETS.register("masks")
class MaskSet(DatasetSource):
    """Pictures in one folder and, under the same names, PNGs in another whose numbers are the classes of pixels.

    The PNGs are grey or have a palette; 0 is the background, 1 the first class, and 255 is ignored. Where they hold
    only 0 and 255, 255 is the one class. Names come from classes.txt, one to a line; folders called train, val and
    test keep their part.
    """

    label = "Mask PNGs"
    help = "Pictures with a PNG each that tells the class of every pixel."
    gives = ("labels", "regions")
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds a folder of pictures and a folder of masks.",
        json_schema_extra={"path": "folder"},
    )
    pictures: str = Field("", max_length=1000, description="The folder of pictures in it; empty to look for images.")
    masks: str = Field("", max_length=1000, description="The folder of masks in it; empty to look for masks.")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "masks")
        if top.is_file():
            raise BadInput(f"{top} is a file.", "Choose the folder that holds the folders of pictures and of masks.")
        faults = Faults()
        names = list(walk(top))
        pairs = _pairs(names, self.pictures, self.masks, faults)
        listed_in = next((name for name in names if PurePosixPath(name).name in _NAME_FILES), "")
        listed = read_names(top / listed_in, listed_in, faults) if listed_in else []
        if listed and listed[0].casefold() in BACKGROUND_NAMES:
            listed = listed[1:]
        scan = _Scan(top, faults)
        for count, (picture, mask) in enumerate(pairs):
            token.raise_if_cancelled()
            if count % 100 == 0:
                emit(Progress("Reading masks", count, len(pairs)))
            scan.take(picture, mask)
        if not scan.found:
            raise unusable(top, "no picture with a mask", faults.first())
        return scan.pictures(listed, listed_in)


def _pairs(names: list[str], pictures: str, masks: str, faults: Faults) -> list[tuple[str, str]]:
    """Each picture with its mask, both as paths below the folder."""
    by_key: dict[str, str] = {}
    for name in names:
        if name.lower().endswith(_MASK_SUFFIXES) and (key := name_within(name, masks, _MASK_FOLDERS)) is not None:
            by_key.setdefault(key, name)
    pairs = []
    used = set()
    for name in names:
        key = name_within(name, pictures, _PICTURE_FOLDERS) if is_picture(Path(name)) else None
        if key is None:
            continue
        mask = next((by_key[key + ending] for ending in _ENDINGS if key + ending in by_key), None)
        if mask is None or mask == name:
            faults.refuse(name, "There is no mask of this name, so the picture was left out.")
        elif mask in used:
            faults.refuse(name, f"Its mask {mask} belongs to another picture, so it was left out.")
        else:
            used.add(mask)
            pairs.append((name, mask))
    for name in sorted(set(by_key.values()) - used):
        faults.refuse(name, "There is no picture for this mask, so it was left out.")
    return pairs


@dataclass
class _Found:
    picture: str
    mask: str
    counts: np.ndarray  # int64, (256,): pixels of each number
    turn: int  # the orientation by which it must be turned, see `quarter_turn`


@dataclass
class _Scan:
    """Looks into every mask once."""

    top: Path
    faults: Faults
    found: list[_Found] = field(default_factory=list)

    def take(self, picture: str, mask: str) -> None:
        try:
            size = picture_size(self.top / picture)
        except BadInput as error:
            self.faults.refuse(picture, error.what)
            return
        try:
            numbers = read_numbers(self.top / mask)
        except BadInput as error:
            self.faults.refuse(mask, error.what)
            return
        turn = quarter_turn(self.top / picture, size, (numbers.shape[1], numbers.shape[0]))
        if turn:
            self.faults.repair(mask, MARKED_LYING)
        elif numbers.shape != (size[1], size[0]):
            told = f"{numbers.shape[1]}×{numbers.shape[0]}"
            self.faults.refuse(
                mask, f"The mask has {told} pixels and its picture {size[0]}×{size[1]}; it was left out."
            )
            return
        self.found.append(_Found(picture, mask, np.bincount(numbers.reshape(-1), minlength=256), turn))

    def pictures(self, listed: list[str], listed_in: str) -> PictureSet:
        total = sum(one.counts for one in self.found)
        assert isinstance(total, np.ndarray)
        binary = not total[1:IGNORE].any() and total[IGNORE] > 0 and len(listed) <= 1
        if listed:
            classes = listed[: IGNORE - 1]
        else:
            most = 1 if binary else max(np.flatnonzero(total[:IGNORE]).tolist(), default=0)
            classes = [f"class {number}" for number in range(1, max(most, 1) + 1)]
        if not binary:
            self._note_strangers(len(classes))
        return MaskPictures(self.top, self.found, classes, self.faults, listed_in, binary)

    def _note_strangers(self, classes: int) -> None:
        for one in self.found:
            strange = np.flatnonzero(one.counts[classes + 1 : IGNORE]) + classes + 1
            if len(strange):
                known_only(strange.astype(np.uint8), one.mask, classes, self.faults)


class MaskPictures(FilePictures):
    """Pictures whose pixels have classes.

    Args:
        binary: whether 255 is the one class.
    """

    def __init__(
        self, folder: Path, found: list[_Found], classes: list[str], faults: Faults, listed_in: str, binary: bool
    ) -> None:
        self._binary = binary
        self._masks = [one.mask for one in found]
        self._turns = [one.turn for one in found]
        self._listed_in = listed_in
        counts = np.stack([one.counts for one in found])
        own = counts[:, IGNORE : IGNORE + 1] if binary else counts[:, 1 : len(classes) + 1]
        labels = own.argmax(axis=1) if own.shape[1] else np.zeros(len(found), np.int64)
        self._words = [tuple(np.flatnonzero(row).tolist()) for row in own]
        fixed = prescribed([part_of_folders(one.picture) for one in found])
        super().__init__(folder, [one.picture for one in found], classes, labels, faults.all(), fixed)
        self.gives = ("labels", "regions")

    def annotation(self, index: int) -> Annotation:
        numbers = read_numbers(self.folder / self._masks[index])
        if self._turns[index]:
            numbers = turned_map(numbers, self._turns[index])
        if self._binary:
            regions = (numbers > BACKGROUND).astype(np.uint8)
        else:
            regions = np.where(numbers > len(self.classes), np.uint8(IGNORE), numbers)
        return Annotation(labels=self._words[index], regions=regions)

    def fingerprint(self) -> str:
        code = hashlib.blake2b(f"{super().fingerprint()} {self.classes} {self._binary}".encode(), digest_size=16)
        for name in (*self._masks, self._listed_in):
            code.update(f"{name} {file_state(self.folder / name) if name else ''}\n".encode("utf-8", "surrogatepass"))
        return code.hexdigest()
