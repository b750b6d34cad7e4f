"""Augmentation: training pictures changed a little in every epoch, a batch at a time and exactly repeatable.

What moves pixels (rotation, shift, ...) is written as one 2×3 matrix per sample; neighbours in the list are multiplied
together, so that however many there are the pictures are resampled only once and lose sharpness only once.
Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from engine.datasets.draws import Draws, sample_keys
from engine.datasets.spec import Choice, Settings
from engine.declared import parse_choice
from engine.device import send
from engine.registry import Registry

if TYPE_CHECKING:
    import torch

Outside = Literal["black", "edge", "mirror"]
_PADDING: dict[str, str] = {"black": "zeros", "edge": "border", "mirror": "reflection"}

AUGMENTATIONS: Registry[type[Augmentation]] = Registry("augmentation", "engine.datasets.augmentations")


class Augmentation(Settings):
    """Base of all augmentations; a subclass's fields are its options and its docstring the learner's text."""

    label: ClassVar[str]


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


class Pixelwise(Augmentation):
    """An augmentation that changes values where they are."""

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        """Return the changed batch: float32, (N, C, H, W), values 0 to 255 (clamped afterwards)."""
        raise NotImplementedError


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

    def __call__(self, batch: torch.Tensor, epoch: int, indices: torch.Tensor | np.ndarray) -> torch.Tensor:
        """Return the batch as this epoch shows it: uint8, (N, C, H, W), on the batch's device.

        Args:
            batch: uint8, (N, C, H, W).
            epoch: any number; the same one gives the same pictures.
            indices: (N,), the samples' places in the dataset. On the CPU they cost no wait for a GPU.
        """
        if not self.augmentations or len(batch) == 0:
            return batch
        keys = sample_keys(self._seed, epoch, _as_numpy(indices))
        height, width = int(batch.shape[2]), int(batch.shape[3])
        pictures = batch.float()
        pending: np.ndarray | None = None
        fills: Outside = "black"
        for slot, augmentation in enumerate(self.augmentations):
            draws = Draws(keys, slot)
            if isinstance(augmentation, Geometric):
                affine = augmentation.affine(draws, height, width)
                if pending is not None and fills != augmentation.fills:
                    pictures, pending = resample(pictures, pending, fills), None
                # Where a new pixel comes from is answered backwards: the last move is undone first.
                pending = affine if pending is None else after(pending, affine)
                fills = augmentation.fills
                continue
            if pending is not None:
                pictures, pending = resample(pictures, pending, fills), None
            assert isinstance(augmentation, Pixelwise)
            pictures = augmentation.apply(pictures, draws).clamp_(0, 255)
        if pending is not None:
            pictures = resample(pictures, pending, fills)
        return pictures.round_().clamp_(0, 255).to(batch.dtype)


def _as_numpy(indices: torch.Tensor | np.ndarray) -> np.ndarray:
    return indices if isinstance(indices, np.ndarray) else indices.cpu().numpy()


def resample(pictures: torch.Tensor, affine: np.ndarray, fills: Outside) -> torch.Tensor:
    """Move the pixels of float pictures (N, C, H, W) by the backward maps `affine` (N, 2, 3), bilinearly."""
    import torch
    from torch.nn import functional

    height, width = int(pictures.shape[2]), int(pictures.shape[3])
    # grid_sample wants the source in units of half the picture: -1 is its left or top border, 1 the other.
    scaled = affine * np.array([2.0 / width, 2.0 / height]).reshape(1, 2, 1)
    theta = send(torch.from_numpy(scaled.astype(np.float32)), pictures.device)  # (N, 2, 3)
    xs, ys = _centred(width, pictures.device), _centred(height, pictures.device)
    along_x = theta[:, :, 0, None] * xs  # (N, 2, W)
    along_y = theta[:, :, 1, None] * ys + theta[:, :, 2, None]  # (N, 2, H)
    grid = torch.empty((len(pictures), height, width, 2), device=pictures.device)
    for axis in (0, 1):
        torch.add(along_y[:, axis, :, None], along_x[:, axis, None, :], out=grid[..., axis])
    return functional.grid_sample(pictures, grid, mode="bilinear", padding_mode=_PADDING[fills], align_corners=False)


@lru_cache(maxsize=32)
def _centred(size: int, device: torch.device) -> torch.Tensor:
    """Pixel positions from the centre of a side: -1.5, -0.5, 0.5, 1.5 for four pixels."""
    import torch

    return torch.arange(size, dtype=torch.float32, device=device) - (size - 1) / 2
