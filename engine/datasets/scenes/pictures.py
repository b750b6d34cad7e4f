"""A set of generated scenes, each made when it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from engine.datasets.annotation import Annotation
from engine.datasets.base import PictureSet
from engine.datasets.scenes.levels import LEVELS
from engine.datasets.scenes.paint import annotate, main_label, paint
from engine.datasets.scenes.scene import Scene, place

_MADE = 1  # counts up whenever the same options give other pictures


class ScenePictures(PictureSet):
    """Generated scenes; picture i depends on the options and on i alone, so a longer set begins like a shorter one.

    Args:
        kinds: the classes, names of `engine.datasets.scenes.solids.SOLIDS`.
        size: (height, width) in pixels.
        objects: fewest and most objects in a picture; None leaves that to the difficulty.
        before: called with the number of each picture before it is laid out.
    """

    gives = ("label", "labels", "boxes", "instances", "regions", "edges", "normals")

    def __init__(
        self,
        count: int,
        kinds: tuple[str, ...],
        size: tuple[int, int],
        difficulty: str,
        seed: int,
        objects: tuple[int, int] | None = None,
        before: Callable[[int], None] = lambda index: None,
    ) -> None:
        self._kinds = kinds
        self._size = size
        self._level = LEVELS[difficulty]
        self._seed = seed
        self._objects = objects or self._level.objects
        self._key = f"{_MADE} {count} {kinds} {size} {difficulty} {seed} {self._objects}"
        self._last: tuple[int, Scene, np.ndarray] = (-1, Scene((), np.zeros(size, np.uint16), ()), np.zeros(3))
        labels = np.zeros(count, np.int64)
        for index in range(count):
            before(index)
            labels[index] = main_label(self.scene(index))
        digits = len(str(max(0, count - 1)))
        super().__init__(kinds, labels, [f"{i:0{digits}d}" for i in range(count)])

    def scene(self, index: int) -> Scene:
        """What stands in picture `index`."""
        return self._laid_out(index)[0]

    def picture(self, index: int) -> np.ndarray:
        scene, ground = self._laid_out(index)
        return paint(np.random.default_rng([self._seed, index, 1]), self._level, scene, ground)

    def annotation(self, index: int) -> Annotation:
        return annotate(self.scene(index))

    def fingerprint(self) -> str:
        return hashlib.blake2b(self._key.encode(), digest_size=16).hexdigest()

    def _laid_out(self, index: int) -> tuple[Scene, np.ndarray]:
        known, scene, ground = self._last  # one read, so that threads may share a set
        if known != index:
            scene, ground = self._lay_out(index)
            self._last = (index, scene, ground)
        return scene, ground

    def _lay_out(self, index: int) -> tuple[Scene, np.ndarray]:
        # Laid out and painted from streams of their own: knowing what stands where needs no picture.
        random = np.random.default_rng([self._seed, index, 0])
        ground = 0.1 + 0.8 * random.uniform() + random.uniform(-0.1, 0.1, 3)
        return place(random, self._level, self._kinds, self._size, self._objects, ground), ground
