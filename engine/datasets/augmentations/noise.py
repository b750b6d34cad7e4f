"""Noise of the kinds that a camera sensor and a poor line make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Dial, Pixelwise
from engine.datasets.augmentations.colour import per_sample
from engine.datasets.draws import Draws

if TYPE_CHECKING:
    import torch


@AUGMENTATIONS.register("noise")
class Noise(Pixelwise):
    """Adds Gaussian noise to every pixel, each picture with a random strength of its own."""

    label = "Gaussian noise"
    dials = (Dial("strength", 0, 0.3),)
    strength: float = Field(
        0.05, ge=0, le=1, description="Largest standard deviation, where 1 is the way from black to white."
    )

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        deviation = per_sample(draws.uniform(0.0, 255.0 * self.strength), batch)
        return batch + draws.normal(batch[0].numel(), batch.device).view_as(batch) * deviation


@AUGMENTATIONS.register("salt_pepper")
class SaltPepper(Pixelwise):
    """Turns single pixels black or white, each picture with a random share of its own, as dead pixels would."""

    label = "Salt and pepper"
    dials = (Dial("share", 0, 0.3),)
    share: float = Field(0.05, ge=0, le=1, description="Largest share of the pixels that turn black or white.")

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        import torch

        number, _, height, width = batch.shape
        words = draws.words(height * width, batch.device).view(number, 1, height, width)  # 0 to 65535
        half = per_sample(np.rint(draws.uniform(0.0, self.share) * 32768), batch)
        pepper, salt = words < half, words >= 65536 - half
        return torch.where(pepper, batch.new_zeros(()), torch.where(salt, batch.new_full((), 255.0), batch))
