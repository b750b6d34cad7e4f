"""What is known of a picture, made ready to be drawn over it and over what the network sees of it. For jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.datasets.annotation import BACKGROUND, IGNORE, Annotation
from engine.datasets.base import PictureSet
from engine.datasets.preprocess import Placement, Preprocessor
from engine.datasets.targets import instance_map, known, region_map
from gui.widgets.marks import LAYERS, tinted

DRAWN = tuple(name for name in LAYERS if name != "clean")
_LEAST_SPOT = 6  # pixels of a region that is named


@dataclass(frozen=True, eq=False)
class Marks:
    """What is drawn over one picture.

    Attributes:
        size: (height, width) of the picture that the boxes belong to.
        known: "boxes" and "box_labels", and "spots", where the regions' names stand: float64, (K, 3), x, y and class.
        tints: the other layers, as `gui.widgets.marks.tinted` gives them.
    """

    size: tuple[int, int]
    known: Mapping[str, np.ndarray]
    tints: tuple[np.ndarray, ...]


def marks_of(
    pictures: PictureSet, index: int, size: tuple[int, int], seen: Preprocessor, layers: Collection[str], side: int
) -> tuple[Marks, Marks]:
    """The marks of a picture of `size` (height, width), and those of what the network sees, where it learns them.

    Args:
        layers: what is drawn, of `DRAWN`.
        side: how long the pictures that they lie over are at most.

    Raises:
        BadInput: what is known of the picture cannot be read.
    """
    names = tuple(name for name in DRAWN if name in layers and name in pictures.gives)
    annotation = pictures.annotation(index)
    if {"instances", "regions"} & set(names) and annotation.instances is None:
        annotation = replace(annotation, instances=instance_map(annotation, size))  # outlines are filled once only
    whole = _as_it_is(annotation, size, names)
    # The very arrays that a training hands to the loss.
    learned = known(annotation, size, seen, len(pictures.classes), names)
    _, height, width = seen.input_shape
    return _made(whole, size, names, side), _made(learned, (height, width), names, side)


def _as_it_is(annotation: Annotation, size: tuple[int, int], names: Collection[str]) -> dict[str, np.ndarray]:
    """All that the annotation says, in the picture's own pixels, also of what no network would see."""
    found: dict[str, np.ndarray] = {}
    if {"boxes", "instances"} & set(names) and annotation.boxes is not None and annotation.box_labels is not None:
        found |= {"boxes": annotation.boxes, "box_labels": annotation.box_labels}
    if "instances" in names:
        found["instances"] = instance_map(annotation, size)
    if "regions" in names:
        found["regions"] = region_map(annotation, size)
    if "edges" in names and annotation.edges is not None:
        found["edges"] = annotation.edges
    if "normals" in names and annotation.normals is not None:
        found["normals"] = annotation.normals.transpose(2, 0, 1)
    return found


def _made(values: Mapping[str, np.ndarray], size: tuple[int, int], names: Collection[str], side: int) -> Marks:
    factor = min(1.0, side / max(size))
    height, width = (max(1, round(length * factor)) for length in size)
    placed = _placed(values, Placement(height, width, (width / size[1], height / size[0]), (0.0, 0.0)))
    kept = {name: array for name, array in placed.items() if name in ("boxes", "box_labels")}
    if "regions" in placed:
        kept["spots"] = _spots(placed["regions"])
    return Marks((height, width), kept, tuple(tinted(placed, names)))


def _placed(values: Mapping[str, np.ndarray], place: Placement) -> dict[str, np.ndarray]:
    """The same at another size."""
    made = dict(values)
    if "boxes" in made:
        made["boxes"] = place.boxes(made["boxes"])
    if "edges" in made:
        made["edges"] = place.thin(made["edges"])
    if "normals" in made:
        made["normals"] = place.nearest(made["normals"].transpose(1, 2, 0), 0).transpose(2, 0, 1)
    for name in ("instances", "regions"):
        if name in made:
            made[name] = place.nearest(made[name], 0)
    return made


def _spots(regions: np.ndarray) -> np.ndarray:
    """For every class where its topmost pixel begins: float64, (K, 3), x, y and object class."""
    found = []
    for number in np.unique(regions).tolist():
        if number in (BACKGROUND, IGNORE):
            continue
        rows, columns = np.nonzero(regions == number)
        if len(rows) >= _LEAST_SPOT:
            found.append((columns[0], rows[0], number - 1))
    return np.array(found, np.float64).reshape(-1, 3)
