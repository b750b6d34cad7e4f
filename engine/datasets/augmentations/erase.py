"""Random erasing (Zhong et al., "Random Erasing Data Augmentation", 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, model_validator

from engine.datasets.augment import AUGMENTATIONS, Dial, Pixelwise
from engine.datasets.draws import Draws, each
from engine.device import send

if TYPE_CHECKING:
    import torch


@AUGMENTATIONS.register("erase")
class Erase(Pixelwise):
    """Covers a random rectangle of some of the pictures.

    The network can no longer rely on one tell-tale spot and learns to use the rest as well.
    """

    label = "Erase"
    dials = (Dial("largest", 0.02, 0.5), Dial("smallest", 0.01, 0.05))
    chance: float = Field(0.5, ge=0, le=1, description="Share of the pictures that lose a rectangle.")
    smallest: float = Field(0.02, gt=0, le=1, description="Smallest share of the picture that is covered.")
    largest: float = Field(0.2, gt=0, le=1, description="Largest share of the picture that is covered.")
    fill: Literal["black", "grey", "noise"] = Field("black", description="What the rectangle is filled with.")

    @model_validator(mode="after")
    def _ordered(self) -> Erase:
        if self.smallest > self.largest:
            raise ValueError(f"the smallest share ({self.smallest:g}) is above the largest ({self.largest:g})")
        return self

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        import torch

        _, _, height, width = batch.shape
        wanted = draws.chance(self.chance)
        area = draws.uniform(self.smallest, self.largest) * (height * width)
        # Height over width from 1:3 to 3:1, tall and wide equally often.
        tallness = each(lambda exponent: 3.0**exponent, draws.uniform(-1.0, 1.0))
        tall = np.clip(np.rint(np.sqrt(area * tallness)), 1, height)
        wide = np.clip(np.rint(np.sqrt(area / tallness)), 1, width)
        top = np.floor(draws.uniform(0.0, 1.0) * (height - tall + 1))
        left = np.floor(draws.uniform(0.0, 1.0) * (width - wide + 1))
        inside_y = _between(top, np.where(wanted, tall, 0.0), height)  # (N, H)
        inside_x = _between(left, wide, width)  # (N, W)
        mask = send(torch.from_numpy(inside_y[:, None, :, None] & inside_x[:, None, None, :]), batch.device)
        return torch.where(mask, self._filling(batch, draws), batch)

    def _filling(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        if self.fill == "noise":
            words = draws.words(batch[0].numel(), batch.device)
            return (words >> 8).to(batch.dtype).view_as(batch)
        return batch.new_full((), 127.0 if self.fill == "grey" else 0.0)


def _between(start: np.ndarray, length: np.ndarray, size: int) -> np.ndarray:
    """bool, (N, size): which places lie in [start, start + length) of each sample."""
    places = np.arange(size)[None, :]
    return (places >= start[:, None]) & (places < (start + length)[:, None])
