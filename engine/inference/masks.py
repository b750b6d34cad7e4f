"""Small masks that lie over their boxes, brought to the size of the frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.inference.detections import Detections

MOST = 254
_LONGEST = 640


def over_box(mask: np.ndarray, box: np.ndarray, height: int, width: int) -> tuple[slice, slice, np.ndarray]:
    """Where a mask's box lies in a picture of (height, width), as rows and columns, and the mask there, bool.

    Args:
        mask: (h, w) uint8, over the box.
        box: x1 y1 x2 y2 in pixels of that picture.

    The mask is enlarged with zeros around it, as Mask R-CNN pastes its masks (He et al., ICCV 2017), so that its edge
    is drawn as smoothly as its inside.
    """
    from engine.inference.detections import MASK_EDGE
    from engine.opencv import cv2

    tall, wide = mask.shape
    x1, y1, x2, y2 = (float(value) for value in box)
    step_x, step_y = (x2 - x1) / wide, (y2 - y1) / tall
    left, right = max(0, int(np.floor(x1 - step_x))), min(width, int(np.ceil(x2 + step_x)))
    top, bottom = max(0, int(np.floor(y1 - step_y))), min(height, int(np.ceil(y2 + step_y)))
    if left >= right or top >= bottom or step_x <= 0 or step_y <= 0:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    # A pixel's centre in the mask's own pixels: (x + 0.5 − x1) / step − 0.5.
    matrix = np.array(
        [[1 / step_x, 0, (left + 0.5 - x1) / step_x - 0.5], [0, 1 / step_y, (top + 0.5 - y1) / step_y - 0.5]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    large = cv2.warpAffine(mask, matrix, (right - left, bottom - top), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return slice(top, bottom), slice(left, right), np.asarray(large) >= MASK_EDGE


def instance_ids(found: Detections, height: int, width: int) -> np.ndarray:
    """(h, w) uint8: 0 where no mask is, i + 1 where detection i is; surer ones lie on top.

    At most 640 pixels long, and of the first 254 detections; `height` and `width` are the frame's.
    """
    shrink = min(1.0, _LONGEST / max(height, width))
    ids = np.zeros((max(1, round(height * shrink)), max(1, round(width * shrink))), np.uint8)
    if found.masks is None:
        return ids
    scale = np.array([ids.shape[1] / width, ids.shape[0] / height] * 2, np.float32)
    for i in np.argsort(found.scores[:MOST], kind="stable").tolist():
        rows, columns, there = over_box(found.masks[i], found.boxes[i] * scale, *ids.shape)
        ids[rows, columns][there] = i + 1
    return ids


def polygons(mask: np.ndarray, box: np.ndarray) -> list[list[float]]:
    """The outlines of one mask, [[x1, y1, x2, y2, ...], ...] in pixels of the frame, one for each part of it.

    They run along the pixels' edges, so that COCO's tools fill exactly the mask's pixels: a row of three pixels has the
    area 3. A hole is linked to the outline around it by a path that goes there and back and so encloses nothing.
    """
    from engine.datasets.formats.outlines import joined, trace
    from engine.opencv import cv2

    size = np.ceil(box[2:]).astype(int) + 2
    rows, columns, there = over_box(mask, box, int(size[1]), int(size[0]))
    if not there.any():
        return []
    # Pixels that touch only at a corner are parts of their own, as in `trace`.
    count, parts = cv2.connectedComponents(there.astype(np.uint8), connectivity=4)
    corner = np.array([columns.start, rows.start])
    rings = [joined(trace(np.asarray(parts == part))) + corner for part in range(1, count)]
    return [ring.ravel().astype(float).tolist() for ring in rings]
