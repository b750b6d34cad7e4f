"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydantic import Field

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, ArrayPictures, DatasetSource, PictureSet
from engine.events import Emit, Progress


@DATASETS.register("digits")
class Digits(DatasetSource):
    """1,797 real handwritten digits, 8×8 pixels in 17 shades, written by 43 people.

    They come with the program, so they work with no network. Alpaydin and Kaynak, "Optical Recognition of Handwritten
    Digits", UCI Machine Learning Repository, 1998 (its test set), through scikit-learn.

    With quarter turns as classes of their own there are 40 classes of 7,188 pictures, enough to keep whole classes
    aside and recognise them from one picture each, as Santoro et al. did with Omniglot ("Meta-learning with
    memory-augmented neural networks", 2016).
    """

    label = "Handwritten digits"
    help = "1,797 real digits of 8×8 pixels in 10 classes. They come with the program."
    class_count = 10

    turns: bool = Field(
        False,
        description="Count quarter turns as further classes: 40 classes, 7,188 pictures, for one-shot tasks.",
    )

    def known_classes(self) -> int | None:
        return 40 if self.turns else 10

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        emit(Progress("Reading the handwritten digits"))
        from sklearn.datasets import load_digits

        token.raise_if_cancelled()
        bunch = load_digits()
        images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), from 0..16
        names = [str(name) for name in bunch.target_names]
        if not self.turns:
            return ArrayPictures(images, names, bunch.target)
        turned = np.concatenate([np.rot90(images, -quarter, axes=(1, 2)) for quarter in range(4)])  # clockwise
        classes = names + [f"{name} {degrees}°" for degrees in (90, 180, 270) for name in names]
        labels = np.concatenate([bunch.target + 10 * quarter for quarter in range(4)])
        return ArrayPictures(turned, classes, labels)
