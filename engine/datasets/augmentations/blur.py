"""Blur, as of a lens that is not in focus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Dial, Pixelwise
from engine.datasets.augmentations.colour import per_sample
from engine.datasets.draws import Draws, each

if TYPE_CHECKING:
    import torch

_REACH = 3  # of the kernel, in standard deviations


@AUGMENTATIONS.register("blur")
class Blur(Pixelwise):
    """Blurs every picture with a Gaussian of random width, as a lens out of focus would."""

    label = "Blur"
    dials = (Dial("largest", 0, 4),)
    largest: float = Field(1.0, ge=0, le=10, description="Largest standard deviation of the Gaussian, in pixels.")

    def apply(self, batch: torch.Tensor, draws: Draws) -> torch.Tensor:
        deviations = draws.uniform(0.0, self.largest)
        reach = math.ceil(_REACH * self.largest)
        if reach == 0:
            return batch
        weights = _kernels(deviations, reach)  # (N, reach + 1)
        return _blurred(_blurred(batch, weights, 2), weights, 3)


def _kernels(deviations: np.ndarray, reach: int) -> np.ndarray:
    """float64, (N, reach + 1): a Gaussian's weight at each distance from the middle; both sides sum to 1."""

    def at(distance: int) -> np.ndarray:
        def weight(deviation: float) -> float:
            # So narrow a Gaussian that a neighbour has no part in it.
            if deviation < 1e-3:
                return float(distance == 0)
            return math.exp(-0.5 * (distance / deviation) ** 2)

        return each(weight, deviations)

    columns = [at(distance) for distance in range(reach + 1)]
    total = columns[0].copy()
    for column in columns[1:]:
        total += 2 * column
    return np.stack([column / total for column in columns], axis=1)


def _blurred(batch: torch.Tensor, weights: np.ndarray, axis: int) -> torch.Tensor:
    """Blur along one axis; beyond the border its last pixel goes on."""
    import torch

    size = batch.shape[axis]
    places = torch.arange(size, device=batch.device)
    blurred = batch * per_sample(weights[:, 0], batch)
    # One distance after the other, so that the sum is the same whatever else is in the batch.
    for distance in range(1, weights.shape[1]):
        before = batch.index_select(axis, (places - distance).clamp(min=0))
        behind = batch.index_select(axis, (places + distance).clamp(max=size - 1))
        blurred = blurred + (before + behind) * per_sample(weights[:, distance], batch)
    return blurred
