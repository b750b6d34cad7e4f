"""Noise of the kind a camera sensor makes in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Pixelwise
from engine.datasets.augmentations.colour import per_sample
from engine.datasets.draws import Draws

if TYPE_CHECKING:
    import torch


@AUGMENTATIONS.register("noise")
class Noise(Pixelwise):
    """Adds Gaussian noise to every pixel, each picture with a random strength of its own."""

    label = "Noise"
    strength: float = Field(
        0.05, ge=0, le=1, description="Largest standard deviation, where 1 is the way from black to white."
    )

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        deviation = per_sample(draws.uniform(0.0, 255.0 * self.strength), batch)
        return batch + draws.normal(batch[0].numel(), batch.device).view_as(batch) * deviation
