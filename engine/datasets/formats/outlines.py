"""From outlines to masks and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.datasets.annotation import Ring

_FINE = 5.0  # steps per pixel in which an outline is walked along


def fill(rings: Sequence[Ring], height: int, width: int) -> np.ndarray:
    """The mask, bool, (H, W), inside all rings together; where an even number of them overlap is a hole.

    Pixel for pixel that of the COCO mask API (`rleFrPoly`): an outline is walked along in fifths of a pixel, and each
    column's centre line changes between outside and inside at the rows where the walk crosses it.

    Args:
        rings: float, (P, 2), x and y in pixels.
    """
    crossings = [_crossings(_exact(ring), height, width) for ring in rings]
    changes = np.concatenate(crossings) if crossings else np.zeros(0, np.int64)
    mask = np.zeros(height * width, bool)
    if len(changes):
        first, last = int(changes.min()), int(changes.max())
        count = np.bincount(changes - first, minlength=last - first + 1)
        inside = np.cumsum(count) % 2 == 1
        # A change at the very end of the last column lies behind the last pixel.
        mask[first : last + 1] = inside[: len(mask) - first]
    return mask.reshape(width, height).T


def _exact(ring: Ring) -> np.ndarray:
    """The ring in 64 bits; of 32 bits the shortest decimals, since 39.3 and 39.299999 lie on two sides of a step."""
    if ring.dtype == np.float32:
        return ring.astype(str).astype(np.float64)
    return np.asarray(ring, np.float64)


def united(rings: Sequence[Ring], height: int, width: int) -> np.ndarray:
    """The mask, bool, (H, W), inside any of the rings, which is how COCO means them."""
    mask = np.zeros((height, width), bool)
    for ring in rings:
        mask |= fill([ring], height, width)
    return mask


def _crossings(ring: np.ndarray, height: int, width: int) -> np.ndarray:
    """Where a ring crosses the columns' centre lines: int64, pixel numbers counted down the columns."""
    corners = np.trunc(_FINE * ring + 0.5).astype(np.int64)
    start, end = corners, np.roll(corners, -1, axis=0)
    span = np.abs(end - start)
    flat = span[:, 0] >= span[:, 1]  # edges that are walked along x, the others along y
    axis = np.where(flat, 0, 1)
    rows = np.arange(len(corners))
    flip = start[rows, axis] > end[rows, axis]
    low = np.where(flip[:, None], end, start)
    high = np.where(flip[:, None], start, end)
    steps = span[rows, axis]
    slope = (high - low)[rows, 1 - axis] / np.maximum(steps, 1)
    # One row per step of the walk from here on.
    edge = np.repeat(rows, steps + 1)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    step = np.where(flip[edge], steps[edge] - step, step)
    along = low[edge, axis[edge]] + step
    across = np.trunc(low[edge, 1 - axis[edge]] + slope[edge] * step + 0.5).astype(np.int64)
    x = np.where(flat[edge], along, across)
    y = np.where(flat[edge], across, along)
    moved = np.flatnonzero(x[1:] != x[:-1])
    left = np.minimum(x[moved], x[moved + 1])
    column = (left + 0.5) / _FINE - 0.5
    keep = (np.floor(column) == column) & (column >= 0) & (column <= width - 1)
    row = (np.minimum(y[moved], y[moved + 1]) + 0.5) / _FINE - 0.5
    row = np.ceil(np.clip(row, 0, height))
    return (column * height + row)[keep].astype(np.int64)


def trace(mask: np.ndarray) -> tuple[Ring, ...]:
    """The outlines of a mask, (H, W), along its pixels' edges: float32, (P, 2) each, holes as rings of their own.

    `fill` gives the mask back exactly. Rings go clockwise around what is set and the other way around holes; pixels
    that touch only at a corner are in separate rings.
    """
    ways = _ways(np.asarray(mask, bool))
    rings: list[Ring] = []
    for origin in sorted(ways):
        while origin in ways:
            rings.append(_ring(ways, origin))
    return tuple(rings)


_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # right, down, left, up


def _ways(mask: np.ndarray) -> dict[tuple[int, int], list[int]]:
    """For each corner of pixels the directions in which an outline leaves it, with what is set on the right hand."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    sides = (
        (inner & ~padded[:-2, 1:-1], 0, 0),  # along the top of a pixel, from its left corner
        (inner & ~padded[1:-1, 2:], 1, 0),  # down its right side, from its upper right corner
        (inner & ~padded[2:, 1:-1], 1, 1),
        (inner & ~padded[1:-1, :-2], 0, 1),
    )
    ways: dict[tuple[int, int], list[int]] = {}
    for direction, (side, right, down) in enumerate(sides):
        ys, xs = np.nonzero(side)
        for x, y in zip((xs + right).tolist(), (ys + down).tolist(), strict=True):
            ways.setdefault((x, y), []).append(direction)
    return ways


def _ring(ways: dict[tuple[int, int], list[int]], origin: tuple[int, int]) -> Ring:
    corners: list[tuple[int, int]] = []
    place, before = origin, -1
    while place in ways:
        choice = ways[place]
        # Where two pixels touch at a corner the outline turns right, around the pixel that it came along.
        direction = (before + 1) % 4 if before >= 0 and (before + 1) % 4 in choice else choice[0]
        choice.remove(direction)
        if not choice:
            del ways[place]
        if direction != before:
            corners.append(place)
        dx, dy = _STEPS[direction]
        place, before = (place[0] + dx, place[1] + dy), direction
        if place == origin and (before + 1) % 4 not in ways.get(place, []):
            break
    return np.array(corners, np.float32)


def joined(rings: Sequence[Ring]) -> Ring:
    """One ring that encloses what all of them do together: they are linked by paths that go there and back.

    The paths enclose nothing, so `fill` gives the same mask. Formats with one outline per object need it.
    """
    whole = np.asarray(rings[0], np.float32)
    for ring in rings[1:]:
        other = np.asarray(ring, np.float32)
        gaps = ((whole[:, None, :] - other[None, :, :]) ** 2).sum(axis=2)
        here, there = divmod(int(gaps.argmin()), len(other))
        around = np.concatenate([other[there:], other[: there + 1]])
        whole = np.concatenate([whole[: here + 1], around, whole[here:]])
    return whole
