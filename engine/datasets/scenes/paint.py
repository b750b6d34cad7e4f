"""From a scene to its picture and to all that is known of it."""

from __future__ import annotations

import numpy as np

from engine.datasets.annotation import Annotation
from engine.datasets.scenes.levels import Level
from engine.datasets.scenes.scene import Scene, Thing, crop

LIGHT = np.array([-0.48, -0.6, 0.64])
"""Where the light comes from: from the left, from above and from the viewer's side; a unit vector."""
AMBIENT = 0.3
"""What is seen of a colour where no light falls; the rest is Lambert's law, colour · max(0, normal · light)."""


def paint(random: np.random.Generator, level: Level, scene: Scene, ground: np.ndarray) -> np.ndarray:
    """Return the picture, uint8, (H, W, 3): colours under one light, a background that varies, and noise.

    Args:
        ground: (3,), the background's colour from 0 to 1.
    """
    size: tuple[int, int] = scene.instances.shape
    light = _light(random, level)
    picture = _background(random, level, ground, size) * np.float32(AMBIENT + (1 - AMBIENT) * light[2])
    for thing, relief in zip(scene.things, scene.reliefs, strict=True):
        rows, columns, within = crop(thing, size)
        inside = relief.inside[within]
        shade = AMBIENT + (1 - AMBIENT) * np.maximum(relief.normals[within][inside] @ light, 0)
        picture[rows, columns][inside] = shade[:, None] * np.array(thing.colour)
    picture *= np.float32(255)
    picture += _noise(random, level.noise * 255, picture.shape) + np.float32(0.5)
    return np.clip(picture, 0, 255, out=picture).astype(np.uint8)


def normals(scene: Scene) -> np.ndarray:
    """Where what is seen at every pixel faces, float32, (H, W, 3); the background faces the viewer."""
    size: tuple[int, int] = scene.instances.shape
    facing = np.zeros((*size, 3), np.float32)
    facing[:, :, 2] = 1
    for thing, relief in zip(scene.things, scene.reliefs, strict=True):
        rows, columns, within = crop(thing, size)
        inside = relief.inside[within]
        facing[rows, columns][inside] = relief.normals[within][inside]
    return facing


def edges(instances: np.ndarray) -> np.ndarray:
    """Where an object ends: uint8, (H, W), 1 at pixels with a direct neighbour of another object or the background.

    Both sides are marked, so lines are two pixels wide. The picture's own border is none.
    """
    found = np.zeros(instances.shape, bool)
    across, down = instances[:, 1:] != instances[:, :-1], instances[1:] != instances[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found.view(np.uint8)


def annotate(scene: Scene) -> Annotation:
    """All that is known of a scene, exactly.

    Boxes are tight around the pixels that a whole object covers, also where others hide it, as far as the picture
    goes; outlines too are those of whole objects, cut off at the picture's border. Instances, regions and edges show
    what is seen. Objects go from back to front.
    """
    size: tuple[int, int] = scene.instances.shape
    labels = np.array([thing.label for thing in scene.things], np.int64)
    shown = np.concatenate([[0], labels + 1]).astype(np.uint8)
    return Annotation(
        label=main_label(scene),
        labels=tuple(sorted(set(labels.tolist()))),
        boxes=np.array([_box(scene, i, size) for i in range(len(labels))], np.float32).reshape(-1, 4),
        box_labels=labels,
        outlines=tuple(_rings(thing, size) for thing in scene.things),
        instances=scene.instances.copy(),
        regions=shown[scene.instances],
        edges=edges(scene.instances),
        normals=normals(scene),
    )


def main_label(scene: Scene) -> int:
    """The class of the object of which most is seen."""
    seen = np.bincount(scene.instances.reshape(-1), minlength=len(scene.things) + 1)[1:]
    return scene.things[int(seen.argmax())].label if len(seen) else 0


def _box(scene: Scene, number: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    rows, columns, within = crop(scene.things[number], size)
    inside = scene.reliefs[number].inside[within]
    down, across = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, top = columns.start + int(across[0]), rows.start + int(down[0])
    return left, top, columns.start + int(across[-1]) + 1, rows.start + int(down[-1]) + 1


def _rings(thing: Thing, size: tuple[int, int]) -> tuple[np.ndarray, ...]:
    cut = (_cut(ring, size) for ring in thing.rings())
    return tuple(ring.astype(np.float32) for ring in cut if len(ring) >= 3)


def _cut(ring: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a ring (P, 2) inside the picture: Sutherland and Hodgman, "Reentrant polygon clipping", 1974."""
    for axis, bound, sign in ((0, 0.0, 1), (0, float(size[1]), -1), (1, 0.0, 1), (1, float(size[0]), -1)):
        beyond = sign * (ring[:, axis] - bound) if len(ring) else np.zeros(0)
        if np.all(beyond >= 0):
            continue
        points: list[np.ndarray] = []
        for at in range(len(ring)):
            here, there = beyond[at], beyond[(at + 1) % len(ring)]
            if here >= 0:
                points.append(ring[at])
            if (here >= 0) != (there >= 0):
                crossing = ring[at] + (ring[(at + 1) % len(ring)] - ring[at]) * (here / (here - there))
                crossing[axis] = bound
                points.append(crossing)
        ring = np.array(points).reshape(-1, 2)
    return ring


def _light(random: np.random.Generator, level: Level) -> np.ndarray:
    wander = random.uniform(-1, 1, 3)
    light = LIGHT + np.tan(level.light) * wander
    return np.asarray(light / np.linalg.norm(light))


def _noise(random: np.random.Generator, deviation: float, shape: tuple[int, ...]) -> np.ndarray:
    """float32, triangular around 0: a difference of two bytes, which costs a tenth of a normal distribution."""
    first, second = np.frombuffer(random.bytes(2 * int(np.prod(shape))), np.uint8).reshape(2, *shape)
    noise = np.subtract(first, second, dtype=np.float32)
    noise *= np.float32(deviation / np.sqrt((256**2 - 1) / 6))
    return noise


def _background(random: np.random.Generator, level: Level, ground: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """float32, (H, W, 3): patches of light and dark with scratches across."""
    from engine.opencv import cv2

    height, width = size
    coarse = random.uniform(-1, 1, (6, 6)).astype(np.float32)
    fine = random.uniform(-0.5, 0.5, (24, 24)).astype(np.float32)
    patches = sum(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) for grid in (coarse, fine))
    ends = random.integers(0, (width, height, width, height), (max(1, level.strokes), 4))
    darker = random.uniform(-1.5, 1.5, max(1, level.strokes))
    for (x1, y1, x2, y2), change in zip(ends[: level.strokes].tolist(), darker.tolist(), strict=False):
        cv2.line(patches, (x1, y1), (x2, y2), change, 1)
    return np.asarray(ground.astype(np.float32) + np.float32(level.texture) * patches[:, :, None])
