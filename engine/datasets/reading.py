"""The samples of a part read from their files when they are asked for, for a few of them at a time.

Importing this module does not import torch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import PictureSet
from engine.datasets.preprocess import Preprocessor
from engine.datasets.targets import Arrays, known, stacked

if TYPE_CHECKING:
    import torch
    from torch import Tensor

KEPT = 512
"""How many samples are remembered, the last ones read."""


class Reader:
    """Stands where a run holds its whole training part, so that one batch can be seen without preparing all others.

    Args:
        pictures: the dataset.
        preprocessor: makes what the network sees.
        indices: int64, (N,), where the part's samples stand in the dataset; ascending.
        needs: targets that the task learns from.
        more: further ones that come along where the pictures give them.
    """

    def __init__(
        self,
        pictures: PictureSet,
        preprocessor: Preprocessor,
        indices: np.ndarray,
        needs: Collection[str],
        more: Collection[str] = (),
    ) -> None:
        import torch

        self.pictures = pictures
        self.indices = indices
        self.labels: Tensor = torch.from_numpy(pictures.labels[indices])  # (N,) int64
        self.device: torch.device = torch.device("cpu")
        self._preprocessor = preprocessor
        self.wanted = tuple(needs)
        self._given = tuple(name for name in pictures.gives if name in needs or name in more)
        self._rows: OrderedDict[int, tuple[np.ndarray, Arrays]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.indices)

    def stream(self, groups: Sequence[Tensor]) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
        """Pictures, uint8 (n, C, H, W), and targets of each group of places, read when it is their turn."""
        for places in groups:
            pictures, targets = self.rows(self.indices[places.numpy()])
            yield pictures, self.needed(targets)

    def rows(self, indices: np.ndarray) -> tuple[Tensor, dict[str, Tensor]]:
        """Pictures, uint8 (n, C, H, W), and all targets of these samples of the dataset, needed or not.

        Raises `BadInput` for one that cannot be read.
        """
        import torch

        rows = [self._row(int(index)) for index in indices]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in rows]))
        targets = stacked([arrays for _, arrays in rows])
        return pictures, {name: torch.from_numpy(array) for name, array in targets.items()}

    def needed(self, targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of the targets that the task is given."""
        names = set(self.wanted)
        if names & {"boxes", "instances"}:
            names |= {"boxes", "box_labels"}
        return {name: tensor for name, tensor in targets.items() if name in names}

    def _row(self, index: int) -> tuple[np.ndarray, Arrays]:
        found = self._rows.get(index)
        if found is None:
            picture = self.pictures.picture(index)
            size, classes = (picture.shape[0], picture.shape[1]), len(self.pictures.classes)
            arrays = known(self.pictures.annotation(index), size, self._preprocessor, classes, self._given)
            found = self._rows[index] = self._preprocessor.picture(picture), arrays
            while len(self._rows) > KEPT:
                self._rows.popitem(last=False)
        return found

    def normalise(self, inputs: Tensor) -> Tensor:
        return self._preprocessor.normalise(inputs)

    def restore(self, inputs: Tensor) -> Tensor:
        """The opposite of `normalise`."""
        return self._preprocessor.restore(inputs)
