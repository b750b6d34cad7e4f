"""Augmentation: training pictures changed a little in every epoch, a batch at a time and exactly repeatable.

What moves pixels (rotation, shift, ...) is written as one 2×3 matrix per sample; neighbours in the list are multiplied
together, so that however many there are the pictures are resampled only once and lose sharpness only once.
Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, overload

import numpy as np

from engine.datasets.draws import Draws, sample_keys
from engine.datasets.moving import Moving, Outside, resample
from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation", "engine.datasets.augmentations")


class Augmentation(Settings):
    """Base of all augmentations; a subclass's fields are its options and its docstring the learner's text."""

    label: ClassVar[str]

    def change(self, work: _Work, draws: Draws) -> None:
        """Do to a batch what this augmentation does."""
        raise NotImplementedError


class Geometric(Augmentation):
    """An augmentation that moves pixels."""

    def affine(self, draws: Draws, height: int, width: int) -> np.ndarray:
        """Return float64, (N, 2, 3): for each sample, where in the old picture a pixel of the new one comes from.

        Both are (x, y, 1) in pixels from the picture's centre, x to the right and y down.
        """
        raise NotImplementedError

    @property
    def fills(self) -> Outside:
        """What is seen where the old picture ends."""
        return "black"

    def change(self, work: _Work, draws: Draws) -> None:
        work.move(self.affine(draws, work.height, work.width), self.fills)


class Pixelwise(Augmentation):
    """An augmentation that changes values where they are."""

    def apply(self, batch: Tensor, draws: Draws) -> Tensor:
        """Return the changed batch: float32, (N, C, H, W), values 0 to 255 (clamped afterwards)."""
        raise NotImplementedError

    def change(self, work: _Work, draws: Draws) -> None:
        work.settle()
        work.pictures = self.apply(work.pictures, draws).clamp_(0, 255)


def parse_augmentation(choice: Choice) -> Augmentation:
    """The declaration with its options, or `BadInput` that names what is wrong."""
    return parse_choice(AUGMENTATIONS, choice)


def after(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The affine maps (N, 2, 3) that do `first` and then `second`."""
    a, b = second, first
    joined = np.empty_like(a)
    for row in (0, 1):
        # Written out, because a matrix product may sum in another order for another batch size.
        for column in (0, 1):
            joined[:, row, column] = a[:, row, 0] * b[:, 0, column] + a[:, row, 1] * b[:, 1, column]
        joined[:, row, 2] = a[:, row, 0] * b[:, 0, 2] + a[:, row, 1] * b[:, 1, 2] + a[:, row, 2]
    return joined


class Augmenter:
    """The augmentations of a run, in the order of the list.

    Args:
        choices: entries of `AUGMENTATIONS` with their options.
        seed: of the run; with the epoch and the sample's index it determines every draw.

    Raises:
        BadInput: a choice is unknown or one of its options is out of range.
    """

    def __init__(self, choices: Sequence[Choice], seed: int) -> None:
        self.augmentations = tuple(parse_augmentation(choice) for choice in choices)
        self._seed = seed

    @overload
    def __call__(self, batch: Tensor, epoch: int, indices: Tensor | np.ndarray, targets: None = None) -> Tensor: ...

    @overload
    def __call__(
        self, batch: Tensor, epoch: int, indices: Tensor | np.ndarray, targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]: ...

    def __call__(
        self,
        batch: Tensor,
        epoch: int,
        indices: Tensor | np.ndarray,
        targets: Mapping[str, Tensor] | None = None,
    ) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """Return the batch as this epoch shows it: uint8, (N, C, H, W), on the batch's device.

        Args:
            batch: uint8, (N, C, H, W).
            epoch: any number; the same one gives the same pictures.
            indices: (N,), the samples' places in the dataset. On the CPU they cost no wait for a GPU.
            targets: what is known of the pictures, by the names of `engine.datasets.annotation`, on the batch's
                device. Given them, batch and targets come back together, what has a place in the picture moved along
                as `engine.datasets.moving.Moving` says; the pictures are the same with and without.
        """
        if not self.augmentations or len(batch) == 0:
            return batch if targets is None else (batch, dict(targets))
        keys = sample_keys(self._seed, epoch, _as_numpy(indices))
        work = _Work(batch, targets)
        for slot, augmentation in enumerate(self.augmentations):
            augmentation.change(work, Draws(keys, slot))
        work.settle()
        pictures = work.pictures.round_().clamp_(0, 255).to(batch.dtype)
        return pictures if work.moving is None else (pictures, work.moving.finish())


class _Work:
    """A batch between augmentations: float pictures, and the moves that are still to be carried out."""

    def __init__(self, batch: Tensor, targets: Mapping[str, Tensor] | None) -> None:
        self.height, self.width = int(batch.shape[2]), int(batch.shape[3])
        self.pictures = batch.float()
        self.moving = None if targets is None else Moving(targets, self.height, self.width)
        self._pending: np.ndarray | None = None
        self._fills: Outside = "black"

    def move(self, affine: np.ndarray, fills: Outside) -> None:
        """Move the pixels by these backward maps, together with the moves before where they fill alike."""
        if self._pending is not None and fills != self._fills:
            self.settle()
        # Where a new pixel comes from is answered backwards: the last move is undone first.
        self._pending = affine if self._pending is None else after(self._pending, affine)
        self._fills = fills

    def settle(self) -> None:
        """Carry out what is pending."""
        if self._pending is None:
            return
        self.pictures = resample(self.pictures, self._pending, self._fills)
        if self.moving is not None:
            self.moving.move(self._pending, self._fills)
        self._pending = None


def _as_numpy(indices: Tensor | np.ndarray) -> np.ndarray:
    return indices if isinstance(indices, np.ndarray) else indices.cpu().numpy()
