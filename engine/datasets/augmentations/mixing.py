"""Augmentations that mix a picture with another one, and its label too."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Dial, Mixing
from engine.datasets.augmentations.colour import per_sample
from engine.datasets.draws import Draws
from engine.device import send

if TYPE_CHECKING:
    import torch

_QUANTILES = 4096


@AUGMENTATIONS.register("mixup")
class MixUp(Mixing):
    """Lays another picture of the batch over every picture, as two slides in one projector, and mixes the labels alike.

    λ·x₁ + (1 − λ)·x₂ with λ from Beta(α, α) (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018). The
    network learns to be half sure of what is half there. The larger share is given to the picture whose turn it is;
    as every picture is laid over another one as well, all pairs come out as often as in the paper.
    """

    label = "MixUp"
    dials = (Dial("alpha", 0.05, 1),)
    alpha: float = Field(0.2, gt=0, le=10, description="α of the Beta distribution: small values mix little, 1 evenly.")
    chance: float = Field(1.0, ge=0, le=1, description="Share of the pictures that are mixed.")

    def mix(self, batch: torch.Tensor, others: torch.Tensor, draws: Draws) -> tuple[torch.Tensor, np.ndarray]:
        wanted, share = draws.chance(self.chance), beta(draws, self.alpha)
        share = np.where(wanted, np.maximum(share, 1 - share), 1.0)
        # Single precision throughout, so that the labels are mixed by the very numbers of the pictures.
        share = share.astype(np.float32).astype(np.float64)
        own = per_sample(share, batch)
        return batch * own + others * (1 - own), share


@AUGMENTATIONS.register("cutmix")
class CutMix(Mixing):
    """Puts a rectangle of another picture of the batch into a picture, and mixes the labels by area.

    The rectangle takes the share 1 − λ with λ from Beta(α, α), has the picture's proportions, and is cut off at the
    border (Yun et al., "CutMix", 2019). The network can't rely on one tell-tale part.
    """

    label = "CutMix"
    dials = (Dial("chance", 0, 1),)
    alpha: float = Field(1.0, gt=0, le=10, description="α of the Beta distribution; 1 makes all sizes equally likely.")
    chance: float = Field(0.5, ge=0, le=1, description="Share of the pictures that are mixed.")

    def mix(self, batch: torch.Tensor, others: torch.Tensor, draws: Draws) -> tuple[torch.Tensor, np.ndarray]:
        import torch

        _, _, height, width = batch.shape
        wanted = draws.chance(self.chance)
        side = np.sqrt(1 - beta(draws, self.alpha))
        x1, x2 = _span(draws, side, width)
        y1, y2 = _span(draws, np.where(wanted, side, 0.0), height)
        columns, rows = np.arange(width)[None], np.arange(height)[None]
        inside_x = (columns >= x1[:, None]) & (columns < x2[:, None])  # (N, W)
        inside_y = (rows >= y1[:, None]) & (rows < y2[:, None])  # (N, H)
        mask = send(torch.from_numpy(inside_y[:, None, :, None] & inside_x[:, None, None, :]), batch.device)
        return torch.where(mask, others, batch), 1 - (x2 - x1) * (y2 - y1) / (height * width)


def _span(draws: Draws, share: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a stretch of this share of a side begins and ends, its middle anywhere on the side; whole numbers."""
    length = np.floor(share * size)
    middle = np.floor(draws.uniform(0.0, 1.0) * size)
    start = np.floor(middle - length / 2)
    return np.clip(start, 0, size), np.clip(start + length, 0, size)


def beta(draws: Draws, alpha: float) -> np.ndarray:
    """float64, (N,), from Beta(α, α) (4,096 quantiles of it)."""
    places = np.floor(draws.uniform(0.0, 1.0) * _QUANTILES).astype(np.int64)
    return beta_quantiles(alpha)[places]


@lru_cache(maxsize=64)
def beta_quantiles(alpha: float) -> np.ndarray:
    """The middles of 4,096 equally likely stretches of Beta(α, α), ascending.

    With t = x^α the density near 0 becomes (1 − t^(1/α))^(α−1) / α, which has no pole, so the half up to x = 0.5 is
    integrated evenly in t; the other half is its mirror image.
    """
    t = np.linspace(0.0, 0.5**alpha, 200_001)
    x = t ** (1 / alpha)
    density = (1 - x) ** (alpha - 1)
    grown = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    wanted = (np.arange(_QUANTILES // 2) + 0.5) / (_QUANTILES // 2) * grown[-1]
    lower = np.interp(wanted, grown, x)
    return np.concatenate([lower, 1 - lower[::-1]])
