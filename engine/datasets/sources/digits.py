"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, ArrayPictures, DatasetSource, PictureSet
from engine.events import Emit, Progress


@DATASETS.register("digits")
class Digits(DatasetSource):
    """1,797 real handwritten digits, 8×8 pixels in 17 shades, written by 43 people.

    They come with the program, so they work with no network. Alpaydin and Kaynak, "Optical Recognition of Handwritten
    Digits", UCI Machine Learning Repository, 1998 (its test set), through scikit-learn.
    """

    label = "Handwritten digits"
    help = "1,797 real digits of 8×8 pixels in 10 classes. They come with the program."
    class_count = 10

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        emit(Progress("Reading the handwritten digits"))
        from sklearn.datasets import load_digits

        token.raise_if_cancelled()
        bunch = load_digits()
        images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)  # (1797, 8, 8), from 0..16
        return ArrayPictures(images, [str(name) for name in bunch.target_names], bunch.target)
