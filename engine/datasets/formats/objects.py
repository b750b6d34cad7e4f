"""Pictures with marked objects, whatever file the marks came from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.datasets.annotation import BACKGROUND, IGNORE, Annotation, Ring
from engine.datasets.formats.boxes import Box
from engine.datasets.formats.faults import Faults
from engine.datasets.formats.files import FilePictures, file_state, prescribed
from engine.datasets.formats.outlines import fill, trace, united
from engine.datasets.formats.rle import mask_of, runs_of
from engine.datasets.formats.turned import turned_box, turned_map, turned_rings

MOST_REGION_CLASSES = 254
"""Classes that fit into one byte beside the background and what is ignored."""


@dataclass(frozen=True, eq=False, slots=True)
class Marked:
    """One object of a picture.

    Attributes:
        label: its class.
        box: in pixels, inside the picture.
        rings: float, (P, 2) each; () where no outline is known.
        runs: int64, run lengths of its mask, instead of rings.
        union: whether rings that overlap add up, as in COCO; else where they overlap is a hole.
        crowd: whether it stands for many that nobody told apart; it is a region, but no object.
    """

    label: int
    box: Box
    rings: tuple[Ring, ...] = ()
    runs: np.ndarray | None = None
    union: bool = False
    crowd: bool = False

    def mask(self, height: int, width: int) -> np.ndarray | None:
        """bool, (H, W), or None where only the box is known."""
        if self.runs is not None:
            return mask_of(self.runs, height, width)
        if not self.rings:
            return None
        return (united if self.union else fill)(self.rings, height, width)

    def outline(self, mask: np.ndarray | None) -> tuple[Ring, ...]:
        """Its rings, where overlaps are holes; `mask` is its own."""
        if mask is None:
            return ()
        if self.runs is not None:
            return trace(mask)
        if self.union and len(self.rings) > 1 and not np.array_equal(fill(self.rings, *mask.shape), mask):
            return trace(mask)
        return tuple(ring.astype(np.float32) for ring in self.rings)


def turned(marked: Marked, orientation: int, size: tuple[int, int]) -> Marked:
    """An object marked on a picture on its side, for the picture upright; `size` is its width and height then."""
    runs = marked.runs
    if runs is not None:
        runs = runs_of(turned_map(mask_of(runs, size[0], size[1]), orientation))
    rings = turned_rings(marked.rings, orientation, size)
    return replace(marked, box=turned_box(marked.box, orientation, size), rings=rings, runs=runs)


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture with its objects.

    Attributes:
        name: its path below the folder.
        size: width and height in pixels.
        part: 0 training, 1 validation, 2 test, -1 free.
        source: the annotation file, a path below the folder; "" where that is one for all.
    """

    name: str
    size: tuple[int, int]
    objects: tuple[Marked, ...]
    part: int = -1
    source: str = ""


class ObjectPictures(FilePictures):
    """Pictures in files with boxes, and masks where they are known.

    Args:
        sources: files, below `folder`, that hold marks of all pictures.
    """

    def __init__(
        self, folder: Path, entries: Sequence[Entry], classes: Sequence[str], faults: Faults, sources: Sequence[str]
    ) -> None:
        labels = [_main_class(entry.objects) for entry in entries]
        fixed = prescribed([entry.part for entry in entries])
        super().__init__(folder, [entry.name for entry in entries], classes, labels, faults.all(), fixed)
        self.entries = tuple(entries)
        self._sources = tuple(sources)
        # Options change what is made of the same files, so the marks count as well as the files' states.
        self._marks = _digest(self.entries)
        self.gives = _gives(self.entries, len(self.classes))

    def annotation(self, index: int) -> Annotation:
        entry = self.entries[index]
        width, height = entry.size
        single = [one for one in entry.objects if not one.crowd]
        labels = tuple(sorted({one.label for one in entry.objects}))
        boxes = np.array([one.box for one in single], np.float32).reshape(-1, 4)
        box_labels = np.array([one.label for one in single], np.int64)
        label = int(self.labels[index]) if "label" in self.gives else None
        if "instances" not in self.gives:
            return Annotation(label, labels, boxes, box_labels)
        masks = {id(one): one.mask(height, width) for one in entry.objects}
        outlines = tuple(one.outline(masks[id(one)]) for one in single)
        instances, regions = _drawn(entry, single, masks)
        return Annotation(
            label, labels, boxes, box_labels, outlines, instances, regions if "regions" in self.gives else None
        )

    def object_labels(self, index: int) -> np.ndarray:
        # Without the masks, which take long to draw.
        return np.array([one.label for one in self.entries[index].objects if not one.crowd], np.int64)

    def fingerprint(self) -> str:
        code = hashlib.blake2b(super().fingerprint().encode(), digest_size=16)
        for name in (*self._sources, *(entry.source for entry in self.entries if entry.source)):
            code.update(f"{name} {file_state(self.folder / name)}\n".encode("utf-8", "surrogatepass"))
        code.update("\n".join(self.classes).encode("utf-8", "surrogatepass"))
        code.update(self._marks)
        return code.hexdigest()


def _main_class(objects: Sequence[Marked]) -> int:
    """The class of most objects, the lowest of several; 0 without objects."""
    counts = Counter(one.label for one in objects)
    return min(counts, key=lambda label: (-counts[label], label), default=0)


def _digest(entries: Sequence[Entry]) -> bytes:
    code = hashlib.blake2b(digest_size=16)
    for entry in entries:
        code.update(repr([(one.label, one.box, one.crowd) for one in entry.objects]).encode())
    return code.digest()


def _gives(entries: Sequence[Entry], classes: int) -> tuple[str, ...]:
    """What is known of every picture; a picture has one class of its own where all of them have just one."""
    single = all(len({one.label for one in entry.objects}) == 1 for entry in entries)
    outlined = any(one.rings or one.runs is not None for entry in entries for one in entry.objects)
    found = ("label", "labels", "boxes") if single else ("labels", "boxes")
    if not outlined:
        return found
    return (*found, "instances", "regions") if classes <= MOST_REGION_CLASSES else (*found, "instances")


def _drawn(
    entry: Entry, single: Sequence[Marked], masks: dict[int, np.ndarray | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Instances and regions. Small objects lie on top of large ones; where only a box is known nothing is claimed."""
    width, height = entry.size
    instances = np.zeros((height, width), np.uint16)
    regions = np.full((height, width), BACKGROUND, np.uint8)
    numbers = {id(one): number for number, one in enumerate(single, 1)}
    for one in entry.objects:
        if masks[id(one)] is None:
            x1, y1, x2, y2 = one.box
            regions[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = IGNORE
    sized = [(one, mask) for one in entry.objects if (mask := masks[id(one)]) is not None]
    for one, mask in sorted(sized, key=lambda pair: (not pair[0].crowd, -int(pair[1].sum()))):
        regions[mask] = min(one.label + 1, IGNORE - 1)
        if not one.crowd:
            instances[mask] = numbers[id(one)]
    return instances, regions
