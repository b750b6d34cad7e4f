"""MNIST and Fashion-MNIST, from a local copy or, when asked for, downloaded from where torchvision gets them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, ArrayPictures, PictureSet
from engine.datasets.download import fetch
from engine.datasets.idx import find_idx, read_idx
from engine.datasets.published import PublishedDataset
from engine.errors import BadInput
from engine.events import Emit, Progress

_STEMS = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class _IdxDataset(PublishedDataset):
    """Four IDX files: training and test pictures with their labels."""

    files: ClassVar[tuple[str, ...]] = tuple(f"{stem}.gz" for stem in _STEMS)
    class_names: ClassVar[tuple[str, ...]]
    torchvision_name: ClassVar[str]

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        found = self._find(root)
        if found is None and self.download:
            self._download(root, emit, token)
            found = self._find(root)
        if found is None:
            raise self.not_found(root)
        arrays: list[np.ndarray] = []
        for number, path in enumerate(found):
            token.raise_if_cancelled()
            emit(Progress(f"Reading {self.label}", number, len(found)))
            arrays.append(read_idx(path, 3 if number % 2 == 0 else 1))
        for images, labels, path in ((arrays[0], arrays[1], found[0]), (arrays[2], arrays[3], found[2])):
            self._check(images, labels, path)
        return ArrayPictures(
            np.concatenate([arrays[0], arrays[2]]),
            self.class_names,
            np.concatenate([arrays[1], arrays[3]]),
            fixed=self.fixed(len(arrays[1]), len(arrays[3])),
        )

    def _find(self, root: Path) -> list[Path] | None:
        places = self.places(root)
        found = [path for stem in _STEMS if (path := find_idx(places, stem)) is not None]
        return found if len(found) == len(_STEMS) else None

    def _check(self, images: np.ndarray, labels: np.ndarray, path: Path) -> None:
        if len(images) != len(labels):
            raise BadInput(
                f"{path.name} holds {len(images):,} pictures for {len(labels):,} labels.",
                f"Copy both files again to {path.parent}.",
            )
        if images.size == 0 or images[0].size == 0:
            raise BadInput(f"{path.name} holds no pictures.", f"Copy it again to {path.parent}.")
        if labels.max() >= len(self.class_names):
            raise BadInput(
                f"The labels beside {path.name} go up to {labels.max()}, and {self.label} has "
                f"{len(self.class_names)} classes.",
                "Check that the files belong to this dataset.",
            )

    def _download(self, root: Path, emit: Emit, token: CancelToken) -> None:
        from torchvision import datasets

        published: Any = getattr(datasets, self.torchvision_name)
        target = self.home(root) / self.torchvision_name / "raw"
        for name, md5 in published.resources:
            if not (target / name).is_file():
                fetch([f"{mirror}{name}" for mirror in published.mirrors], md5, target / name, emit, token)


@DATASETS.register("mnist")
class Mnist(_IdxDataset):
    """70,000 handwritten digits, 28×28 pixels, white on black; 10,000 of them are for testing.

    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.
    """

    label = "MNIST"
    help = "70,000 handwritten digits of 28×28 pixels in 10 classes. Needs a local copy or a download of 12 MB."
    torchvision_name = "MNIST"
    subfolders = ("MNIST/raw", "", "raw", "MNIST", "mnist")
    class_names = tuple("0123456789")


@DATASETS.register("fashion_mnist")
class FashionMnist(_IdxDataset):
    """70,000 pictures of clothes, 28×28 pixels in grey; 10,000 of them are for testing. Harder than MNIST.

    Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset", 2017.
    """

    label = "Fashion-MNIST"
    help = "70,000 pictures of clothes of 28×28 pixels in 10 classes. Needs a local copy or a download of 31 MB."
    torchvision_name = "FashionMNIST"
    # Its files are named like MNIST's, so a folder of its own is looked into first.
    subfolders = ("FashionMNIST/raw", "", "raw", "FashionMNIST", "fashion-mnist", "fashion")
    class_names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
