"""Which dataset a folder or file that was dropped on the window is likely to be."""

from __future__ import annotations

from itertools import islice
from pathlib import Path, PurePosixPath

from engine.datasets.formats.files import walk
from engine.datasets.formats.videos import is_video
from engine.datasets.pictures import is_picture
from engine.errors import BadInput

_LOOK = 20_000  # files that are looked at by name
_HEAD = 65_536  # bytes that are looked into
_MASKS = frozenset(("masks", "mask", "segmentationclass"))
_CLEAN, _NOISY = frozenset(("clean", "gt", "groundtruth", "ground_truth")), frozenset(("noisy", "spoilt"))
_YOLO = frozenset(("data.yaml", "dataset.yaml", "data.yml", "classes.txt", "obj.names"))


def likely_source(path: Path) -> str:
    """The id in `DATASETS` of what `path` seems to hold; "folder" where nothing speaks for anything else.

    Only names and the beginnings of a few files are looked at.
    """
    if path.is_file():
        top, names = path.parent, [path.name]
    else:
        top = path
        try:
            names = list(islice(walk(path), _LOOK))
        except BadInput:
            return "folder"
    by_suffix: dict[str, list[str]] = {}
    for name in names:
        by_suffix.setdefault(PurePosixPath(name).suffix.lower(), []).append(name)
    if any(_says(top / name, '"annotations"', '"images"') for name in by_suffix.get(".json", [])[:20]):
        return "coco"
    if any(_says(top / name, "<annotation", "<object") for name in by_suffix.get(".xml", [])[:5]):
        return "voc"
    folders = {step.lower() for name in names for step in PurePosixPath(name).parts[:-1]}
    if folders & _MASKS:
        return "masks"
    if folders & _CLEAN and folders & _NOISY:
        return "noisy"
    texts = by_suffix.get(".txt", [])
    plain = {PurePosixPath(name).name.lower() for name in names}
    if texts and (plain & _YOLO or any("labels" in PurePosixPath(name).parts for name in texts)):
        return "yolo"
    if by_suffix.get(".csv") or by_suffix.get(".tsv"):
        return "table"
    videos = sum(is_video(Path(name)) for name in names)
    if videos and videos >= sum(is_picture(Path(name)) for name in names):
        return "frames"
    return "folder"


def _says(path: Path, *words: str) -> bool:
    """Whether one of the words stands near the beginning or the end of a file."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            size = path.stat().st_size
            file.seek(max(0, size - _HEAD))
            text = (head + file.read(_HEAD)).decode("utf-8", "replace")
    except OSError:
        return False
    return any(word in text for word in words)
