"""CIFAR-10, from a local copy in its binary or its Python form, or downloaded when asked for."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.cancel import CancelToken
from engine.datasets.base import DATASETS, ArrayPictures, PictureSet
from engine.datasets.download import fetch
from engine.datasets.published import PublishedDataset
from engine.errors import BadInput
from engine.events import Emit, Progress
from engine.paths import data_dir

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32  # label, then the red, green and blue planes
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_BINARY = "cifar-10-batches-bin"
_PYTHON = "cifar-10-batches-py"
_ARCHIVE = "cifar-10-python.tar.gz"


@DATASETS.register("cifar10")
class Cifar10(PublishedDataset):
    """60,000 colour pictures, 32×32 pixels, of six animals and four vehicles; 10,000 of them are for testing.

    Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """

    label = "CIFAR-10"
    help = "60,000 colour pictures of 32×32 pixels in 10 classes. Needs a local copy or a download of 170 MB."
    files = (_ARCHIVE,)
    subfolders = ("", _BINARY, _PYTHON, "CIFAR10")

    def load(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        emit(Progress("Looking for CIFAR-10"))
        pictures = self._local(root, emit, token)
        if pictures is None and self.download:
            self._download(root, emit, token)
            pictures = self._local(root, emit, token)
        if pictures is None:
            raise self.not_found(root)
        return pictures

    def _local(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet | None:
        for place in self.places(root):
            if all((place / name).is_file() for name in (*_TRAIN, "test_batch.bin")):
                return self._from_binary(place, emit, token)
        for place in (*self.places(root), data_dir() / "datasets" / _PYTHON):
            if place.name == _PYTHON and (place / "data_batch_1").is_file():
                return self._from_torchvision(place.parent, emit, token)
            if (place / _ARCHIVE).is_file():
                return self._from_torchvision(self._unpack(place / _ARCHIVE, emit, token), emit, token)
        return None

    def _from_binary(self, place: Path, emit: Emit, token: CancelToken) -> PictureSet:
        batches: list[np.ndarray] = []
        for number, name in enumerate((*_TRAIN, "test_batch.bin")):
            token.raise_if_cancelled()
            emit(Progress("Reading CIFAR-10", number, len(_TRAIN) + 1))
            data = (place / name).read_bytes()
            if not data or len(data) % _RECORD:
                raise BadInput(
                    f"{name} has {len(data):,} bytes, which is no multiple of {_RECORD:,}.",
                    f"It was not copied whole; copy it again to {place}.",
                )
            batches.append(np.frombuffer(data, np.uint8).reshape(-1, _RECORD))
        records = np.concatenate(batches)
        if records[:, 0].max() >= len(_CLASSES):
            raise BadInput(
                f"{place} holds labels up to {records[:, 0].max()}, and CIFAR-10 has {len(_CLASSES)} classes.",
                "Check that the files belong to this dataset.",
            )
        images = np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        tested = len(batches[-1])
        return ArrayPictures(images, _CLASSES, records[:, 0], fixed=self.fixed(len(records) - tested, tested))

    def _from_torchvision(self, root: Path, emit: Emit, token: CancelToken) -> PictureSet:
        """Read the Python form; torchvision compares every file with its published checksum before it opens one."""
        from torchvision import datasets

        parts: list[Any] = []
        for train in (True, False):
            token.raise_if_cancelled()
            emit(Progress("Reading CIFAR-10", 0 if train else 5, 6))
            try:
                parts.append(datasets.CIFAR10(root, train=train, download=False))
            except RuntimeError as error:
                raise BadInput(
                    f"The files in {root / _PYTHON} are not the published CIFAR-10.",
                    "Copy them again; every file is compared with its published checksum.",
                    details=str(error),
                ) from None
        labels = np.concatenate([np.asarray(part.targets) for part in parts])
        images = np.concatenate([part.data for part in parts])
        return ArrayPictures(images, _CLASSES, labels, fixed=self.fixed(len(parts[0].data), len(parts[1].data)))

    def _unpack(self, archive: Path, emit: Emit, token: CancelToken) -> Path:
        """Unpack the archive to the program's own folder, since it may lie on a stick that can't be written to."""
        from torchvision import datasets

        target = data_dir() / "datasets"
        if (target / _PYTHON / "test_batch").is_file():
            return target
        emit(Progress(f"Unpacking {archive.name}"))
        if _md5(archive, token) != datasets.CIFAR10.tgz_md5:
            raise BadInput(
                f"{archive} is not the published archive: its checksum differs.", "Copy or download it again."
            )
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "r:gz") as file:
            for member in file:
                token.raise_if_cancelled()
                content = file.extractfile(member) if member.isfile() else None
                if content is not None:
                    # By its bare name: nothing in an archive decides where it is written.
                    place = target / _PYTHON / Path(member.name).name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(content.read())
        return target

    def _download(self, root: Path, emit: Emit, token: CancelToken) -> None:
        from torchvision import datasets

        published = datasets.CIFAR10
        fetch([published.url], published.tgz_md5, self.home(root) / _ARCHIVE, emit, token)


def _md5(path: Path, token: CancelToken) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(2**20):
            token.raise_if_cancelled()
            digest.update(chunk)
    return digest.hexdigest()
