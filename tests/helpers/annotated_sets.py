"""Small sets of marked pictures: in memory for writers, and as files made without the product for readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from engine.cancel import CancelSource
from engine.datasets.annotation import Annotation
from engine.datasets.base import ArrayPictures, parse_source
from engine.datasets.formats.writing import WriteDatasetJob
from engine.datasets.spec import Choice

CLASSES = ("disc", "box", "ring's edge: a #1")


def load(id: str, folder: Path, **options):
    choice = Choice(id=id, options={"folder": str(folder), **options})
    return parse_source(choice).load(Path(), lambda event: None, CancelSource().token)


def write(pictures, folder: Path, format: str, indices=None):
    return WriteDatasetJob(pictures, folder, format, indices)(lambda event: None, CancelSource().token)


def paint(path: Path, width: int, height: int, value: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width, 3), value, np.uint8)
    pixels[: height // 2, : width // 2] = 255 - value
    Image.fromarray(pixels).save(path)
    return path


class Annotated(ArrayPictures):
    """Pictures in memory with annotations made beforehand."""

    def __init__(self, images, classes, known, gives, fixed=None):
        labels = np.array([one.label or 0 for one in known])
        super().__init__(images, classes, labels, None, fixed)
        self.known = list(known)
        self.gives = gives

    def annotation(self, index):
        return self.known[index]


def disc(height: int, width: int, x: float, y: float, radius: float, hole: float = 0) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width] + 0.5
    distance = (columns - x) ** 2 + (rows - y) ** 2
    return (distance < radius**2) & (distance >= hole**2)


def shapes(count: int = 6, fixed: bool = False, height: int = 48, width: int = 64, seed: int = 0) -> Annotated:
    """Pictures with up to four overlapping discs, boxes and rings, with exact instances; one has none."""
    random = np.random.default_rng(seed)
    images, known = [], []
    for number in range(count):
        instances = np.zeros((height, width), np.uint16)
        labels = []
        for _ in range(0 if number == count - 1 else random.integers(1, 5)):
            label = int(random.integers(0, 3))
            x, y = random.uniform(8, width - 8), random.uniform(8, height - 8)
            mask = disc(height, width, x, y, 7.5, 3.0 if label == 2 else 0)
            if label == 1:
                mask = np.zeros((height, width), bool)
                mask[int(y) - 5 : int(y) + 6, int(x) - 7 : int(x) + 4] = True
            labels.append(label)
            instances[mask] = len(labels)
        kept = [place for place in range(len(labels)) if (instances == place + 1).any()]
        whole = np.zeros_like(instances)
        boxes = []
        for place, old in enumerate(kept):
            rows, columns = np.nonzero(instances == old + 1)
            whole[rows, columns] = place + 1
            boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
        box_labels = np.array([labels[old] for old in kept], np.int64)
        regions = np.concatenate([[0], box_labels + 1]).astype(np.uint8)[whole]
        images.append(np.stack([regions * 60 + 20] * 3, axis=-1).astype(np.uint8))
        known.append(
            Annotation(
                labels=tuple(sorted(set(box_labels.tolist()))),
                boxes=np.array(boxes, np.float32).reshape(-1, 4),
                box_labels=box_labels,
                instances=whole,
                regions=regions,
            )
        )
    parts = np.array([0, 0, 1, 2, 0, 0][:count]) if fixed else None
    return Annotated(np.stack(images), CLASSES, known, ("labels", "boxes", "instances", "regions"), parts)


def by_size(boxes, labels):
    """Boxes with labels in an order that no format keeps."""
    return sorted(
        (tuple(round(float(value), 4) for value in box), int(label)) for box, label in zip(boxes, labels, strict=True)
    )
