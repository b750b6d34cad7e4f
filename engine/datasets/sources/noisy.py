"""Pictures that are spoilt, each with the clean one that it ought to be."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.annotation import Annotation
from engine.datasets.base import DATASETS, DatasetSource, PictureSet
from engine.datasets.formats.boxes import unusable
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import (
    FilePictures,
    file_state,
    folder_steps,
    kind_folder,
    open_folder,
    part_of_folders,
    picture_size,
    prescribed,
    walk,
    without_steps,
)
from engine.datasets.pictures import is_picture, load_picture
from engine.errors import BadInput
from engine.events import Emit

_NOISY_FOLDERS = ("noisy", "spoilt", "noise", "input", "inputs", "degraded")
_CLEAN_FOLDERS = ("clean", "gt", "groundtruth", "ground_truth", "target", "targets", "original", "originals")

_Keyed = tuple[str, str]
"""What pairs have in common, and a picture's path below the folder."""


@DATASETS.register("noisy")
class NoisyPictures(DatasetSource):
    """Noisy or otherwise spoilt pictures in one folder and, under the same names, the clean ones in another.

    The network sees the noisy picture and learns to give the clean one back, so no noise is added. Both have the same
    size. The kind of file may differ: noisy/a.jpg belongs to clean/a.png. Folders called train, val and test keep
    their part, around the two folders or inside them.
    """

    label = "Noisy and clean pictures"
    help = "Noisy pictures in one folder, and the clean ones under the same names in another, for denoising."
    gives = ("clean",)
    folder: str = Field(
        "",
        max_length=4000,
        description="The folder that holds a folder of noisy pictures and a folder of clean ones.",
        json_schema_extra={"path": "folder"},
    )
    noisy: str = Field("", max_length=1000, description="The folder of noisy pictures in it; empty to look for noisy.")
    clean: str = Field("", max_length=1000, description="The folder of clean pictures in it; empty to look for clean.")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        top = open_folder(root, self.folder, "noisy and clean pictures")
        if top.is_file():
            raise BadInput(f"{top} is a file.", "Choose the folder that holds both folders, the noisy and the clean.")
        faults = Faults()
        names = [name for name in walk(top) if is_picture(Path(name))]
        for folder in (self.noisy, self.clean):
            _require_folder(top, names, folder)
        if folder_steps(self.noisy) and _spelled(self.noisy) == _spelled(self.clean):
            raise BadInput(
                f"The noisy and the clean pictures are both said to lie in {self.noisy.strip()}.",
                "Name two different folders on the Data page.",
            )
        pairs = _usable(top, _pairs(names, self.noisy, self.clean, faults), faults, emit, token)
        if not pairs:
            raise unusable(top, "no noisy picture with a clean one of the same name", faults.first())
        return PicturePairs(top, pairs, faults)


def _spelled(folder: str) -> str:
    return "/".join(folder_steps(folder)).casefold()


def _require_folder(top: Path, names: list[str], chosen: str) -> None:
    """Raise `BadInput` where a folder that was named holds none of the pictures and is not there."""
    steps = folder_steps(chosen)
    if not steps or any(kind_folder(name, chosen, ()) for name in names):
        return
    if ".." in steps or not top.joinpath(*steps).is_dir():
        raise BadInput(
            f"There is no folder {chosen.strip()} in {top}.",
            "Write its name as it stands there, or leave the field empty to have it looked for.",
        )


def _kinds(names: list[str], noisy: str, clean: str, innermost: bool) -> tuple[list[_Keyed], list[_Keyed]]:
    """The noisy and the clean pictures, each with what is left of its path without the folder of its kind.

    Where a path has folders of both kinds, one that was named decides, else the innermost or the outermost.
    """
    kinds: tuple[list[_Keyed], list[_Keyed]] = ([], [])
    for name in names:
        found = []
        for kind, (chosen, usual) in enumerate(((noisy, _NOISY_FOLDERS), (clean, _CLEAN_FOLDERS))):
            span = kind_folder(name, chosen, usual, innermost)
            if span is not None:
                named = bool(folder_steps(chosen))
                found.append((named, span[1] if named or innermost else -span[1], kind, span))
        if found:
            _, _, kind, span = max(found)
            kinds[kind].append((without_steps(name, span), name))
    return kinds


def _pairs(names: list[str], noisy: str, clean: str, faults: Faults) -> list[tuple[str, str]]:
    """Each noisy picture with its clean one, both as paths below the folder."""
    # A folder around both kinds may have the name of one (target/noisy), and so may one inside them (noisy/original).
    ways = [_kinds(names, noisy, clean, innermost) for innermost in (True, False)]
    noisy_ones, clean_ones = max(ways, key=lambda way: len(dict(way[0]).keys() & dict(way[1]).keys()))
    by_key: dict[str, str] = {}
    for key, name in clean_ones:
        if key in by_key:
            faults.refuse(name, f"{by_key[key]} has the same name, so this one was left out.")
        else:
            by_key[key] = name
    pairs, used = [], set()
    for key, name in noisy_ones:
        found = by_key.get(key)
        if found is None:
            faults.refuse(name, "There is no clean picture of this name, so it was left out.")
        elif found in used:
            faults.refuse(name, f"The clean picture {found} belongs to another one of this name, so it was left out.")
        else:
            used.add(found)
            pairs.append((name, found))
    for name in sorted(set(by_key.values()) - used):
        faults.refuse(name, "There is no noisy picture of this name, so it was left out.")
    return pairs


def _usable(
    top: Path, pairs: list[tuple[str, str]], faults: Faults, emit: Emit, token: CancelToken
) -> list[tuple[str, str]]:
    """Those whose clean picture can be read and has the size of the noisy one."""
    from engine.datasets.prepare import examine

    files = [clean for _, clean in pairs]
    # Read once from end to end and remembered, since a picture that is cut off shows so only then.
    seen = examine(FilePictures(top, files, (), [0] * len(files), (), [-1] * len(files)), emit, token)
    for fault in seen.faults:
        faults.refuse(fault.name, fault.reason)
    usable = []
    for place, (noisy, clean) in enumerate(pairs):
        if not seen.readable[place]:
            continue
        try:
            size = picture_size(top / noisy)
        except BadInput as error:
            faults.refuse(noisy, error.what)
            continue
        width, height = seen.sizes[place].tolist()
        if size != (width, height):
            told = f"{size[0]}×{size[1]}"
            faults.refuse(noisy, f"It has {told} pixels and {clean} has {width}×{height}, so both were left out.")
        else:
            usable.append((noisy, clean))
    return usable


class PicturePairs(FilePictures):
    """Noisy pictures that know their clean ones.

    Args:
        pairs: for each the noisy and the clean picture, as paths below `folder`.
    """

    def __init__(self, folder: Path, pairs: list[tuple[str, str]], faults: Faults) -> None:
        noisy = [name for name, _ in pairs]
        fixed = prescribed([part_of_folders(name) for name in noisy])
        super().__init__(folder, noisy, (), [0] * len(noisy), faults.all(), fixed)
        self.gives = ("clean",)
        self._clean = [name for _, name in pairs]

    def annotation(self, index: int) -> Annotation:
        return Annotation(clean=load_picture(self.folder / self._clean[index]))

    def fingerprint(self) -> str:
        code = hashlib.blake2b(super().fingerprint().encode(), digest_size=16)
        for name in self._clean:
            code.update(f"{name} {file_state(self.folder / name)}\n".encode("utf-8", "surrogatepass"))
        return code.hexdigest()
