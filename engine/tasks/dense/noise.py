"""Noise that belongs to a picture: the same (seed, epoch, index) always gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.datasets.draws import Draws, sample_keys

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

NoiseKind = Literal["gaussian", "salt and pepper", "masking", "none"]

# Beyond the places of any list of augmentations, whose draws these must not repeat.
_SLOT = 1 << 16


def spoilt(pictures: Tensor, kind: NoiseKind, amount: float, *, seed: int, epoch: int, indices: np.ndarray) -> Tensor:
    """Pictures (N, C, H, W) in 0..1 with noise, still in 0..1.

    Args:
        kind: "gaussian" adds normal noise to every value, "masking" turns pixels black, "salt and pepper" black or
            white alike.
        amount: the Gaussian's standard deviation, or the share of the pixels that is hit.
        epoch: -1 gives a picture the same noise every time.
    """
    if kind == "none" or amount == 0:
        return pictures
    draws = Draws(sample_keys(seed, epoch, indices), _SLOT)
    count, channels, height, width = pictures.shape
    if kind == "gaussian":
        noise = draws.normal(channels * height * width, pictures.device).view(pictures.shape)
        return (pictures + amount * noise).clamp(0, 1)
    draw = draws.words(height * width, pictures.device).view(count, 1, height, width)
    hit = draw < round(amount * 65536)
    if kind == "masking":
        return pictures.masked_fill(hit, 0)
    white = draw < round(amount * 32768)
    return pictures.masked_fill(hit, 0).masked_fill(white, 1)
