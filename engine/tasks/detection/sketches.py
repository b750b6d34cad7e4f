"""A picture with what was found in it and what there is. Never imports torch or cv2 when it is imported."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.tasks.base import Sketch
from engine.tasks.dense.colours import class_colours, coloured

SMALLEST = 192
"""Pictures are enlarged until both sides have at least so many pixels."""
MATCH = 0.5
DASH = 4
TINT = 0.45
_DARK = (20, 20, 20)


@dataclass(frozen=True, eq=False)
class Objects:
    """What there is in a picture, or what was found: boxes (M, 4), labels (M,), scores (M,), masks (M, H, W)."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.boxes)


def object_sketch(
    picture: np.ndarray,
    answer: Mapping[str, np.ndarray],
    truth: Mapping[str, np.ndarray],
    classes: Sequence[str],
    threshold: float,
) -> Sketch:
    """Draw answers of at least the score `threshold` in the colour of their class, and the truth in dashes.

    The score of the sketch is the panoptic quality (Kirillov et al. 2019): the overlaps of all pairs of an answer and
    an object of its class that overlap by at least 0.5, divided by the pairs and half of what is left over.
    """
    height, width = picture.shape[:2]
    found, wanted = _found(answer, threshold, height, width), _wanted(truth)
    pairs = paired(found, wanted)
    missed, extra = len(wanted) - len(pairs), len(found) - len(pairs)
    whole = len(pairs) + (missed + extra) / 2
    quality = sum(pairs.values()) / whole if whole else 1.0
    image = _drawn(picture, found, wanted, classes)
    caption = f"{len(pairs)} of {len(wanted)} found" if len(wanted) else "nothing to find"
    note = f"{extra} too many" if extra else ""
    tip = _listed(found, classes, "Found") + "\n" + _listed(wanted, classes, "There")
    return Sketch(image, caption, note, "wrong" if missed or extra else "right", tip, float(quality))


def paired(found: Objects, wanted: Objects) -> dict[int, float]:
    """Which answers are right: each takes, the surest first, the object of its class that it overlaps most.

    Returns:
        The overlap by the answer's place, of those that reach 0.5.
    """
    fit = _overlaps(found, wanted) * (found.labels[:, None] == wanted.labels[None])
    pairs: dict[int, float] = {}
    for place in np.argsort(-found.scores, kind="stable").tolist():
        best = int(fit[place].argmax()) if fit.shape[1] else -1
        if best >= 0 and fit[place, best] >= MATCH:
            pairs[place] = float(fit[place, best])
            fit[:, best] = 0
    return pairs


def _overlaps(first: Objects, second: Objects) -> np.ndarray:
    """Intersection over union of every pair, of masks where both have some: float64 (F, S)."""
    if first.masks is not None and second.masks is not None:
        pixels = int(np.prod(first.masks.shape[1:]))
        ours, theirs = first.masks.reshape(-1, pixels), second.masks.reshape(-1, pixels)
        common = ours.astype(np.float64) @ theirs.astype(np.float64).T
        union = ours.sum(1)[:, None] + theirs.sum(1)[None] - common
    else:
        corner = np.maximum(first.boxes[:, None, :2], second.boxes[None, :, :2])
        opposite = np.minimum(first.boxes[:, None, 2:], second.boxes[None, :, 2:])
        common = (opposite - corner).clip(0).prod(-1).astype(np.float64)
        sizes = [(one.boxes[:, 2:] - one.boxes[:, :2]).prod(-1) for one in (first, second)]
        union = sizes[0][:, None] + sizes[1][None] - common
    return np.asarray(common / np.maximum(union, 1e-9))


def _found(answer: Mapping[str, np.ndarray], threshold: float, height: int, width: int) -> Objects:
    labels = answer["labels"].astype(np.int64)
    keep = (labels >= 0) & (answer["scores"] >= threshold)
    boxes = answer["boxes"][keep]
    masks = None
    if "masks" in answer:
        import torch

        from engine.tasks.detection.masks import pasted

        small, places = (torch.from_numpy(np.ascontiguousarray(one)) for one in (answer["masks"][keep], boxes))
        masks = pasted(small.float(), places.float(), height, width).numpy()
    return Objects(boxes, labels[keep], answer["scores"][keep], masks)


def _wanted(truth: Mapping[str, np.ndarray]) -> Objects:
    labels = truth["box_labels"].astype(np.int64)
    keep = labels >= 0
    masks = None
    if "instances" in truth:
        numbers = np.arange(1, len(labels) + 1)
        masks = (truth["instances"].astype(np.int64)[None] == numbers[:, None, None])[keep]
    return Objects(truth["boxes"][keep], labels[keep], np.ones(int(keep.sum())), masks)


def _drawn(picture: np.ndarray, found: Objects, wanted: Objects, classes: Sequence[str]) -> np.ndarray:
    """The picture, large enough to read, with everything drawn into it; RGB."""
    from engine.opencv import cv2

    scale = max(1, -(-SMALLEST // min(picture.shape[:2])))
    size = (picture.shape[1] * scale, picture.shape[0] * scale)
    image = np.array(cv2.resize(coloured(picture), size, interpolation=cv2.INTER_NEAREST), order="C")
    order = np.argsort(found.scores, kind="stable").tolist()  # the surest on top
    if found.masks is not None:
        for place in order:
            inside = cv2.resize(found.masks[place].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
            hue = np.array(_hue(found.labels[place]))
            image[inside] = (image[inside] * (1 - TINT) + hue * TINT).astype(np.uint8)
    for box in wanted.boxes:
        _dashes(image, box * scale)
    for place in order:
        x1, y1, x2, y2 = (round(float(value) * scale) for value in found.boxes[place])
        cv2.rectangle(image, (x1, y1), (max(x1, x2 - 1), max(y1, y2 - 1)), _hue(found.labels[place]), 2)
    for place in order:
        text = f"{_name(classes, found.labels[place])} {found.scores[place]:.0%}"
        corner = (round(float(found.boxes[place, 0]) * scale), round(float(found.boxes[place, 1]) * scale))
        _write(image, text, corner, _hue(found.labels[place]))
    return image


def _hue(label: int) -> tuple[int, int, int]:
    """The colour of an object class, RGB."""
    red, green, blue = class_colours()[1 + int(label) % 254].tolist()
    return red, green, blue


def _name(classes: Sequence[str], label: int) -> str:
    return classes[label] if 0 <= label < len(classes) else f"class {label}"


def _dashes(image: np.ndarray, box: np.ndarray) -> None:
    """A thin box in white and dark dashes, which shows on any ground."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(float(value)) for value in box)
    x1, x2 = max(0, min(x1, width - 1)), max(0, min(x2 - 1, width - 1))
    y1, y2 = max(0, min(y1, height - 1)), max(0, min(y2 - 1, height - 1))
    across, down = np.arange(x1, x2 + 1), np.arange(y1, y2 + 1)
    for y in (y1, y2):
        image[y, across] = np.where(across // DASH % 2, 255, 0)[:, None]
    for x in (x1, x2):
        image[down, x] = np.where(down // DASH % 2, 255, 0)[:, None]


def _write(image: np.ndarray, text: str, corner: tuple[int, int], hue: tuple[int, int, int]) -> None:
    """Write on a filled strip above `corner`, or below where the picture ends. OpenCV's font knows ASCII only."""
    from engine.opencv import cv2

    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    scale = max(1.0, min(image.shape[:2]) / 600)
    font, size, thick = cv2.FONT_HERSHEY_SIMPLEX, 0.35 * scale, max(1, round(scale))
    (width, height), drop = cv2.getTextSize(text, font, size, thick)
    strip = height + drop + 2
    x = max(0, min(corner[0], image.shape[1] - width - 2))
    y = corner[1] - strip if corner[1] >= strip else max(0, corner[1])
    cv2.rectangle(image, (x, y), (x + width + 2, y + strip), hue, cv2.FILLED)
    cv2.putText(image, text, (x + 1, y + height + 1), font, size, _DARK, thick, cv2.LINE_AA)


def _listed(objects: Objects, classes: Sequence[str], word: str) -> str:
    if not len(objects):
        return f"{word}: nothing"
    counts: dict[str, int] = {}
    for label in objects.labels.tolist():
        counts[_name(classes, label)] = counts.get(_name(classes, label), 0) + 1
    return f"{word}: " + ", ".join(f"{count} {name}" for name, count in counts.items())
