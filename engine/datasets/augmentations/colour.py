"""Augmentations that change how light or how strong a picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Pixelwise
from engine.datasets.draws import Draws
from engine.device import send

if TYPE_CHECKING:
    import torch


def per_sample(values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """Turn (N,) numbers into float32, (N, 1, 1, 1), on the device of `like`."""
    import torch

    return send(torch.from_numpy(values.astype(np.float32)), like.device)[:, None, None, None]


@AUGMENTATIONS.register("brightness")
class Brightness(Pixelwise):
    """Makes every picture lighter or darker by a random factor, as other lamps and exposures would."""

    label = "Brightness"
    strength: float = Field(0.2, ge=0, le=1, description="0.2 multiplies the values by 0.8 to 1.2.")

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        return batch * per_sample(draws.uniform(1 - self.strength, 1 + self.strength), batch)


@AUGMENTATIONS.register("contrast")
class Contrast(Pixelwise):
    """Draws the values of every picture together or apart about their mean, by a random factor."""

    label = "Contrast"
    strength: float = Field(0.2, ge=0, le=1, description="0.2 scales the distance from the mean by 0.8 to 1.2.")

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        import torch

        # A sum of whole numbers is exact in any order, so the mean can't depend on the batch.
        total = batch.round().to(torch.int64).sum(dim=(1, 2, 3), keepdim=True)
        mean = total.float() / batch[0].numel()
        return (batch - mean) * per_sample(draws.uniform(1 - self.strength, 1 + self.strength), batch) + mean
