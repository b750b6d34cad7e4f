"""From what is known of a picture to arrays in the network's pixels, placed exactly as the picture is.

Importing this module imports neither torch nor cv2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.datasets.annotation import IGNORE, PADDING, Annotation
from engine.datasets.preprocess import Placement, Preprocessor

MAX_OBJECTS = 200
"""Objects of one picture that are learned from, the largest first; an instance map has room for 254."""
LEAST_SHARE = 0.2
"""Of an object less of which than this lies inside the part that the network sees, nothing is learned."""
LEAST_SIDE = 1.0

Arrays = dict[str, np.ndarray]


def known(
    annotation: Annotation, size: tuple[int, int], seen: Preprocessor, classes: int, needs: Sequence[str]
) -> Arrays:
    """What a picture of `size` (height, width) gives, as the arrays of one row of a batch.

    Boxes and instances keep the number of objects that the picture has; `stacked` makes them equal.
    """
    place = seen.placement(size)
    found: Arrays = {}
    objects = _Objects(annotation, size, place) if {"boxes", "instances"} & set(needs) else None
    for name in needs:
        if name in ("boxes", "instances"):
            continue
        array = _MAKERS[name](annotation, size, place, classes, seen)
        if array is not None:
            found[name] = array
    if objects is not None:
        found |= {"boxes": objects.boxes, "box_labels": objects.labels}
        if "instances" in needs:
            found["instances"] = objects.instances()
    return found


def blank(row: Arrays) -> Arrays:
    """A row of the same arrays for a picture of which nothing is known: zeros, and no boxes."""
    return {name: array[:0] if name in ("boxes", "box_labels") else np.zeros_like(array) for name, array in row.items()}


def stacked(rows: Sequence[Arrays]) -> Arrays:
    """The rows of many pictures as arrays with the pictures first; rows of boxes are padded to the most there are."""
    if not rows:
        return {}
    most = max((len(row["boxes"]) for row in rows if "boxes" in row), default=0)
    made: Arrays = {}
    for name in rows[0]:
        if name == "boxes":
            made[name] = np.stack([_padded(row[name], max(most, 1), 0) for row in rows])
        elif name == "box_labels":
            made[name] = np.stack([_padded(row[name], max(most, 1), PADDING) for row in rows])
        else:
            made[name] = np.stack([row[name] for row in rows])
    return made


def _padded(rows: np.ndarray, count: int, fill: int) -> np.ndarray:
    whole = np.full((count, *rows.shape[1:]), fill, rows.dtype)
    whole[: len(rows)] = rows
    return whole


class _Objects:
    """The objects of a picture that can be seen in what the network sees, in its pixels."""

    def __init__(self, annotation: Annotation, size: tuple[int, int], place: Placement) -> None:
        self._annotation, self._size, self._place = annotation, size, place
        boxes = np.zeros((0, 4), np.float32) if annotation.boxes is None else annotation.boxes
        labels = np.zeros(0, np.int64) if annotation.box_labels is None else annotation.box_labels
        moved = place.boxes(boxes)
        whole = _areas(moved)
        moved[:, 0::2] = moved[:, 0::2].clip(0, place.width)
        moved[:, 1::2] = moved[:, 1::2].clip(0, place.height)
        sides = moved[:, 2:] - moved[:, :2]
        seen = (sides >= LEAST_SIDE).all(1) & (_areas(moved) >= LEAST_SHARE * whole)
        rows = np.flatnonzero(seen)
        if len(rows) > MAX_OBJECTS:
            rows = np.sort(rows[np.argsort(-_areas(moved[rows]), kind="stable")[:MAX_OBJECTS]])
        self._rows = rows
        self.boxes = moved[rows].astype(np.float32)
        self.labels = labels[rows].astype(np.int64)

    def instances(self) -> np.ndarray:
        """uint8, (H, W): i + 1 where row i of the boxes is seen."""
        whole = instance_map(self._annotation, self._size)
        number = np.zeros(max(int(whole.max(initial=0)), len(self._annotation.outlines or ())) + 2, np.uint8)
        # Objects without a pixel of their own have a number in nobody's map, which does no harm.
        keep = self._rows[self._rows + 1 < len(number)]
        number[keep + 1] = np.arange(1, len(keep) + 1, dtype=np.uint8)
        return self._place.nearest(number[whole], 0)


def _areas(boxes: np.ndarray) -> np.ndarray:
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(0)
    return np.asarray(sides[:, 0] * sides[:, 1])


def instance_map(annotation: Annotation, size: tuple[int, int]) -> np.ndarray:
    """uint16, (H, W): the annotation's own map, or its outlines filled, small objects over large ones."""
    from engine.opencv import cv2

    if annotation.instances is not None:
        return annotation.instances
    drawn = np.zeros(size, np.uint16)
    outlines = annotation.outlines or ()
    assert annotation.boxes is not None or not outlines
    order = np.argsort(-_areas(annotation.boxes), kind="stable") if outlines and annotation.boxes is not None else ()
    for number in order:
        rings = [np.round(ring * 16 - 8).astype(np.int32).reshape(-1, 1, 2) for ring in outlines[number]]
        if not rings:
            continue
        mask = np.zeros(size, np.uint8)
        cv2.fillPoly(mask, rings, 1, shift=4)
        drawn[mask > 0] = number + 1
    return drawn


def region_map(annotation: Annotation, size: tuple[int, int]) -> np.ndarray:
    """uint8, (H, W): the annotation's own class map, or that of its instances."""
    if annotation.regions is not None:
        return annotation.regions
    labels = np.zeros(0, np.int64) if annotation.box_labels is None else annotation.box_labels
    lookup = np.concatenate([[0], labels + 1]).astype(np.uint8)
    return lookup[instance_map(annotation, size)]


def _label(annotation: Annotation, *_: object) -> np.ndarray:
    return np.asarray(0 if annotation.label is None else annotation.label, np.int64)


def _labels(annotation: Annotation, size: object, place: object, classes: int, seen: object) -> np.ndarray:
    row = np.zeros(classes, np.float32)
    occurring = annotation.labels
    if occurring is None:
        occurring = () if annotation.box_labels is None else tuple(annotation.box_labels.tolist())
    row[list(occurring)] = 1
    return row


def _regions(annotation: Annotation, size: tuple[int, int], place: Placement, *_: object) -> np.ndarray:
    return place.nearest(region_map(annotation, size), IGNORE)


def _edges(annotation: Annotation, size: tuple[int, int], place: Placement, *_: object) -> np.ndarray:
    assert annotation.edges is not None
    return place.thin(annotation.edges)


def _normals(annotation: Annotation, size: tuple[int, int], place: Placement, *_: object) -> np.ndarray:
    assert annotation.normals is not None
    return np.ascontiguousarray(place.nearest(annotation.normals, 0).transpose(2, 0, 1), dtype=np.float32)


def _clean(annotation: Annotation, size: object, place: object, classes: int, seen: Preprocessor) -> np.ndarray | None:
    return None if annotation.clean is None else seen.picture(annotation.clean)


_MAKERS: dict[str, Callable[..., np.ndarray | None]] = {
    "label": _label,
    "labels": _labels,
    "regions": _regions,
    "edges": _edges,
    "normals": _normals,
    "clean": _clean,
}
