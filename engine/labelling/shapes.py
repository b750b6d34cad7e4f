"""Where shapes are: their extent, their pixels, what a pointer hits, and how they move. Plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.labelling import runs
from engine.labelling.spec import Box, Corner, Mask, Point, Polygon, Ring, Shape

SMALLEST = 1.0
"""Pixels that a box or an outline is wide and high at least; anything smaller is a slip of the hand."""

Extent = tuple[float, float, float, float]


def extent(shape: Shape) -> Extent:
    """Left, top, right and bottom of what the shape covers; a point covers nothing."""
    if isinstance(shape, Box):
        return shape.left, shape.top, shape.right, shape.bottom
    if isinstance(shape, Point):
        return shape.x, shape.y, shape.x, shape.y
    if isinstance(shape, Mask):
        return shape.left, shape.top, shape.left + shape.width, shape.top + shape.height
    across = [x for ring in shape.rings for x, _ in ring]
    down = [y for ring in shape.rings for _, y in ring]
    return min(across), min(down), max(across), max(down)


def tidied(shape: Shape, width: int, height: int) -> Shape | None:
    """The shape clipped to the picture and rounded to hundredths; None when nothing of it is left."""

    def put(x: float, y: float) -> Corner:
        return round(min(max(x, 0.0), width), 2), round(min(max(y, 0.0), height), 2)

    if isinstance(shape, Point):
        return Point(*put(shape.x, shape.y)) if 0 <= shape.x <= width and 0 <= shape.y <= height else None
    if isinstance(shape, Box):
        left, top = put(min(shape.left, shape.right), min(shape.top, shape.bottom))
        right, bottom = put(max(shape.left, shape.right), max(shape.top, shape.bottom))
        return Box(left, top, right, bottom) if min(right - left, bottom - top) >= SMALLEST else None
    if isinstance(shape, Mask):
        return _cropped(shape, width, height)
    rings = tuple(ring for ring in (_tidy_ring(ring, put) for ring in shape.rings) if ring)
    if not rings:
        return None
    left, top, right, bottom = extent(Polygon(rings))
    return Polygon(rings) if min(right - left, bottom - top) >= SMALLEST else None


def _tidy_ring(ring: Ring, put: object) -> Ring:
    placed = [put(x, y) for x, y in ring]  # type: ignore[operator]
    kept = [corner for corner, before in zip(placed, placed[-1:] + placed[:-1], strict=True) if corner != before]
    return tuple(kept) if len(kept) >= 3 else ()


def _cropped(mask: Mask, width: int, height: int) -> Mask | None:
    if mask.left >= 0 and mask.top >= 0 and mask.left + mask.width <= width and mask.top + mask.height <= height:
        return mask
    whole = np.zeros((height, width), bool)
    left, top = max(0, mask.left), max(0, mask.top)
    right, bottom = min(width, mask.left + mask.width), min(height, mask.top + mask.height)
    if left >= right or top >= bottom:
        return None
    inside = pixels_of(mask)[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left]
    whole[top:bottom, left:right] = inside
    return mask_of(whole)


def allowed(group: Sequence[Shape], dx: float, dy: float, width: int, height: int) -> Corner:
    """How far shapes may be shifted together without leaving the picture."""
    extents = [extent(shape) for shape in group]
    left, top = (min(one[side] for one in extents) for side in (0, 1))
    right, bottom = (max(one[side] for one in extents) for side in (2, 3))
    return min(max(dx, -left), width - right), min(max(dy, -top), height - bottom)


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """The shape shifted; a mask by whole pixels."""
    if isinstance(shape, Mask):
        return Mask(shape.left + round(dx), shape.top + round(dy), shape.width, shape.height, shape.runs)
    if isinstance(shape, Box):
        return Box(shape.left + dx, shape.top + dy, shape.right + dx, shape.bottom + dy)
    if isinstance(shape, Point):
        return Point(shape.x + dx, shape.y + dy)
    return Polygon(tuple(tuple((x + dx, y + dy) for x, y in ring) for ring in shape.rings))


def holds(shape: Shape, x: float, y: float, slack: float = 0.0) -> bool:
    """Whether the place belongs to the shape; points and outlines are met within `slack` pixels."""
    left, top, right, bottom = extent(shape)
    if not (left - slack <= x <= right + slack and top - slack <= y <= bottom + slack):
        return False
    if isinstance(shape, Point):
        return math.hypot(x - shape.x, y - shape.y) <= slack
    if isinstance(shape, Box):
        return True
    if isinstance(shape, Mask):
        column, row = math.floor(x) - shape.left, math.floor(y) - shape.top
        inside = 0 <= column < shape.width and 0 <= row < shape.height
        return inside and bool(pixels_of(shape)[row, column])
    return _crossings(shape.rings, x, y) % 2 == 1 or border_distance(shape, x, y) <= slack


def border_distance(shape: Box | Polygon, x: float, y: float) -> float:
    """How far a place is from the nearest border line, in pixels."""
    rings = shape.rings if isinstance(shape, Polygon) else (corners_of(shape),)
    return min(_to_line(x, y, start, end) for ring in rings for start, end in pairwise((*ring, ring[0])))


def corners_of(box: Box) -> Ring:
    """The corners, clockwise from the upper left one."""
    return ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))


def area(shape: Shape) -> float:
    """Pixels that the shape covers."""
    if isinstance(shape, Box):
        return (shape.right - shape.left) * (shape.bottom - shape.top)
    if isinstance(shape, Mask):
        return float(sum(shape.runs[1::2]))
    if isinstance(shape, Point):
        return 0.0
    _, _, right, bottom = extent(shape)
    return float(raster(shape, math.ceil(bottom), math.ceil(right)).sum())


def raster(shape: Shape, height: int, width: int) -> np.ndarray:
    """bool, (height, width): the pixels whose centres lie inside; overlapping rings leave a hole (even-odd rule)."""
    if isinstance(shape, Mask):
        whole = np.zeros((height, width), bool)
        kept = _cropped(shape, width, height)
        if kept is not None:
            whole[kept.top : kept.top + kept.height, kept.left : kept.left + kept.width] = pixels_of(kept)
        return whole
    if isinstance(shape, Point):
        return np.zeros((height, width), bool)
    rings = shape.rings if isinstance(shape, Polygon) else (corners_of(shape),)
    # Every line turns over all pixels to the right of it; what was turned an odd number of times lies inside.
    turns = np.zeros((height, width + 1), np.int32)
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise((*ring, ring[0])):
            first, last = (math.ceil(min(y1, y2) - 0.5), math.ceil(max(y1, y2) - 0.5))
            rows = np.arange(max(0, first), min(height, last))
            if len(rows):
                across = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
                np.add.at(turns, (rows, np.clip(np.ceil(across - 0.5), 0, width).astype(np.int64)), 1)
    return np.cumsum(turns[:, :width], axis=1) % 2 == 1


def pixels_of(mask: Mask) -> np.ndarray:
    """bool, (mask.height, mask.width)."""
    return runs.decode(mask.runs, mask.height, mask.width)


def mask_of(pixels: np.ndarray) -> Mask | None:
    """A mask of painted pixels, bool, (H, W), no larger than it must be; None when nothing is painted."""
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return Mask(left, top, right - left, bottom - top, runs.encode(pixels[top:bottom, left:right]))


def stroke(path: Sequence[Corner], radius: float, height: int, width: int) -> np.ndarray:
    """bool, (height, width): the pixels whose centres are at most `radius` from the path."""
    painted = np.zeros((height, width), bool)
    for (x1, y1), (x2, y2) in pairwise(path if len(path) > 1 else (path[0], path[0])):
        left = max(0, math.floor(min(x1, x2) - radius))
        top = max(0, math.floor(min(y1, y2) - radius))
        right = min(width, math.ceil(max(x1, x2) + radius))
        bottom = min(height, math.ceil(max(y1, y2) + radius))
        if left >= right or top >= bottom:
            continue
        x = np.arange(left, right)[None, :] + 0.5
        y = np.arange(top, bottom)[:, None] + 0.5
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = np.clip(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1) if length else 0.0
        far = (x - x1 - along * (x2 - x1)) ** 2 + (y - y1 - along * (y2 - y1)) ** 2
        painted[top:bottom, left:right] |= far <= radius**2
    return painted


def _crossings(rings: tuple[Ring, ...], x: float, y: float) -> int:
    """How many lines a ray to the right crosses."""
    count = 0
    for ring in rings:
        for (x1, y1), (x2, y2) in pairwise((*ring, ring[0])):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
                count += 1
    return count


def _to_line(x: float, y: float, start: Corner, end: Corner) -> float:
    across, down = end[0] - start[0], end[1] - start[1]
    length = across**2 + down**2
    along = min(max(((x - start[0]) * across + (y - start[1]) * down) / length, 0.0), 1.0) if length else 0.0
    return math.hypot(x - start[0] - along * across, y - start[1] - along * down)
