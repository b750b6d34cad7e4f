"""Segmentation without learned features: a picture is divided into parts, and every part takes the most alike class.

Parts are found in each picture by itself, by the colours (k-means, Lloyd 1982) or by flooding (watershed, Meyer 1992).
On the training pictures they are matched to the true regions by the best sum of IoU; what matched parts look like on
average is all that is learned.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.baselines.spec import RegionBaseline
from engine.datasets.annotation import IGNORE
from engine.opencv import cv2

Arrays = Mapping[str, np.ndarray]
MISSING = 50.0
"""By how much the logit of a class without training parts lies below all others."""
SURE = 0.7
"""The share of the greatest distance to the border from which on a place is surely inside its object."""


def parts_of(picture: np.ndarray, spec: RegionBaseline) -> np.ndarray:
    """The number of the part that each pixel belongs to, int64 (H, W), from 0 without gaps.

    Args:
        picture: uint8 (C, H, W), C = 1 or 3.
    """
    rgb = _colour(picture)
    found = _by_colour(rgb, spec.clusters) if spec.method == "kmeans" else _by_flooding(rgb)
    return np.unique(found, return_inverse=True)[1].reshape(found.shape)


def _by_colour(rgb: np.ndarray, clusters: int) -> np.ndarray:
    values = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float32)
    cv2.setRNGSeed(0)  # the same picture is always divided in the same way
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    count = min(clusters, len(values))
    _, found, _ = cv2.kmeans(values, count, None, stop, 1, cv2.KMEANS_PP_CENTERS)
    return np.asarray(found).reshape(rgb.shape[:2])


def _by_flooding(rgb: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    _, bright = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    border = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    objects = 1 - bright if border.mean() > 0.5 else bright
    objects = cv2.morphologyEx(objects, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    inside = cv2.distanceTransform(objects, cv2.DIST_L2, 3)
    count, pieces = cv2.connectedComponents(objects)
    # Each piece has a greatest distance of its own, so that small objects keep a marker beside large ones.
    greatest = np.zeros(count)
    np.maximum.at(greatest, pieces.reshape(-1), inside.reshape(-1))
    sure = ((inside > SURE * greatest[pieces]) & (objects > 0)).astype(np.uint8)
    _, markers = cv2.connectedComponents(sure)
    around = cv2.dilate(objects, np.ones((3, 3), np.uint8), iterations=2)
    markers = np.where(around == 0, 1, np.where(sure > 0, markers + 1, 0)).astype(np.int32)
    flooded = cv2.watershed(np.ascontiguousarray(rgb[:, :, ::-1]), markers.copy())
    # The lines between the parts, and the frame of the picture, go to a part beside them.
    lines = flooded < 1
    for _ in range(3):
        if not lines.any():
            break
        grown = cv2.dilate(np.maximum(flooded, 0).astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
        flooded = np.where(lines, grown, flooded)
        lines = flooded < 1
    return np.maximum(flooded, 1)


def described(picture: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """What each part looks like, float64 (S, 6): mean Lab colour and its spread, share of the picture, of its border.

    Args:
        picture: uint8 (C, H, W). parts: int64 (H, W).
    """
    lab = cv2.cvtColor(_colour(picture), cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64) / 255
    places, count = parts.reshape(-1), int(parts.max()) + 1
    sizes = np.bincount(places, minlength=count)
    means = np.stack([np.bincount(places, lab[:, k], count) / sizes for k in range(3)], 1)
    squares = np.bincount(places, ((lab - means[places]) ** 2).sum(1), count) / sizes
    rim = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    border = np.bincount(rim, minlength=count) / len(rim)
    return np.hstack([means, np.sqrt(squares)[:, None], (sizes / len(places))[:, None], border[:, None]])


def matched(parts: np.ndarray, regions: np.ndarray, classes: int) -> np.ndarray:
    """The true class of each part, int64 (S,); −1 where nothing is known.

    Parts and regions are paired so that the sum of their IoU is greatest; parts left over take the class that they
    overlap most.

    Args:
        parts: int64 (H, W). regions: uint8 (H, W), of `classes` pixel classes, or `IGNORE`.
    """
    from scipy.optimize import linear_sum_assignment

    count = int(parts.max()) + 1
    known = regions != IGNORE
    both = np.bincount(parts[known] * classes + regions[known], minlength=count * classes).reshape(count, classes)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    overlap = both / np.maximum(union, 1)
    found = np.where(both.any(1), both.argmax(1), -1)
    rows, columns = linear_sum_assignment(-overlap)
    paired = overlap[rows, columns] > 0
    found[rows[paired]] = columns[paired]
    return np.asarray(found, np.int64)


def fit_regions(descriptions: np.ndarray, classes: np.ndarray, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """What the parts of each class look like on average.

    Args:
        descriptions: (S, 6), of all parts of all training pictures. classes: (S,), their true classes.
        sizes: (S,), how much each counts.

    Returns:
        `spread` (6,), by which descriptions are divided, `present`, the classes that there are, and their `centre`.
    """
    spread = np.maximum(descriptions.std(0), 1e-6)
    present = np.unique(classes)
    centres = [np.average(descriptions[classes == k], 0, sizes[classes == k]) for k in present]
    return {"spread": spread, "present": present.astype(np.int64), "centre": np.stack(centres)}


def region_logits(picture: np.ndarray, arrays: Arrays, spec: RegionBaseline, classes: int) -> np.ndarray:
    """Scores of every pixel for softmax, float32 (classes, H, W): minus half the squared distance to each class."""
    parts = parts_of(picture, spec)
    away = (described(picture, parts)[:, None] - arrays["centre"][None]) / arrays["spread"]
    scores = -0.5 * np.sum(away**2, axis=2)  # (S, P)
    everything = np.repeat(scores.min(1, keepdims=True) - MISSING, classes, axis=1)
    everything[:, arrays["present"]] = scores
    return np.ascontiguousarray(everything[parts].transpose(2, 0, 1).astype(np.float32))


def _colour(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) in RGB."""
    channels_last = picture.transpose(1, 2, 0)
    return np.ascontiguousarray(np.repeat(channels_last, 3, axis=2) if len(picture) == 1 else channels_last)
