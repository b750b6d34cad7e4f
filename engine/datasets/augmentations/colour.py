"""Augmentations that change the light or the colours of a picture, and of the clean one that it ought to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from engine.datasets.augment import AUGMENTATIONS, Dial, Recolouring
from engine.datasets.draws import Draws
from engine.device import send

if TYPE_CHECKING:
    import torch

    _Change = Callable[[torch.Tensor], torch.Tensor]

_RED, _GREEN, _BLUE = 0.299, 0.587, 0.114  # ITU-R BT.601
# Standard deviations and directions (columns) of the colours of ImageNet's pictures on the scale 0 to 1.
_IMAGENET_SPREADS = (0.2175, 0.0188, 0.0045)
_IMAGENET_DIRECTIONS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


def per_sample(values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """Turn (N,) numbers into float32, (N, 1, 1, 1), on the device of `like`."""
    import torch

    return send(torch.from_numpy(values.astype(np.float32)), like.device)[:, None, None, None]


@AUGMENTATIONS.register("brightness")
class Brightness(Recolouring):
    """Makes every picture lighter or darker by a random factor, as other lamps and exposures would."""

    label = "Brightness"
    dials = (Dial("strength", 0, 0.8),)
    strength: float = Field(0.2, ge=0, le=1, description="0.2 multiplies the values by 0.8 to 1.2.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        factor = _factors(draws, self.strength, batch)
        return lambda pictures: pictures * factor


@AUGMENTATIONS.register("contrast")
class Contrast(Recolouring):
    """Draws the values of every picture together or apart about their mean, by a random factor."""

    label = "Contrast"
    dials = (Dial("strength", 0, 0.8),)
    strength: float = Field(0.2, ge=0, le=1, description="0.2 scales the distance from the mean by 0.8 to 1.2.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        mean, factor = _means(batch), _factors(draws, self.strength, batch)
        return lambda pictures: (pictures - mean) * factor + mean


@AUGMENTATIONS.register("saturation")
class Saturation(Recolouring):
    """Makes the colours of every picture paler or stronger by a random factor. Grey pictures stay as they are."""

    label = "Saturation"
    dials = (Dial("strength", 0, 1),)
    strength: float = Field(0.3, ge=0, le=1, description="0.3 scales the distance from grey by 0.7 to 1.3.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        factor = _factors(draws, self.strength, batch)
        return lambda pictures: pictures if pictures.shape[1] != 3 else saturated(pictures, factor)


@AUGMENTATIONS.register("hue")
class Hue(Recolouring):
    """Turns all colours of every picture around the colour circle by a random angle.

    For things that are told by their shape; a ripe tomato is not green. Grey pictures stay as they are.
    """

    label = "Hue"
    dials = (Dial("degrees", 0, 180),)
    degrees: float = Field(20.0, ge=0, le=180, description="Largest turn to either side, in degrees; red to green 120.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        turn = per_sample(draws.uniform(-self.degrees, self.degrees) / 360, batch)
        return lambda pictures: pictures if pictures.shape[1] != 3 else turned_hue(pictures, turn)


@AUGMENTATIONS.register("colour_jitter")
class ColourJitter(Recolouring):
    """Changes brightness, contrast, saturation and hue of every picture at once, each by a random amount.

    What photographs of the same thing differ in: lamp, time of day, camera.
    """

    label = "Colour jitter"
    dials = (Dial("brightness", 0, 0.6), Dial("contrast", 0, 0.6), Dial("saturation", 0, 0.6), Dial("hue", 0, 40))
    brightness: float = Field(0.2, ge=0, le=1, description="0.2 multiplies the values by 0.8 to 1.2.")
    contrast: float = Field(0.2, ge=0, le=1, description="0.2 scales the distance from the mean by 0.8 to 1.2.")
    saturation: float = Field(0.2, ge=0, le=1, description="0.2 scales the distance from grey by 0.8 to 1.2.")
    hue: float = Field(10.0, ge=0, le=180, description="Largest turn around the colour circle, in degrees.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        light = _factors(draws, self.brightness, batch)
        mean = _means((batch * light).clamp_(0, 255))
        spread = _factors(draws, self.contrast, batch)
        strength = _factors(draws, self.saturation, batch)
        turn = per_sample(draws.uniform(-self.hue, self.hue) / 360, batch)

        def changed(pictures: torch.Tensor) -> torch.Tensor:
            lit = (pictures * light).clamp_(0, 255)
            spaced = ((lit - mean) * spread + mean).clamp_(0, 255)
            return spaced if spaced.shape[1] != 3 else turned_hue(saturated(spaced, strength).clamp_(0, 255), turn)

        return changed


@AUGMENTATIONS.register("rgb_shift")
class RgbShift(Recolouring):
    """Adds one random colour to all pixels of every picture, along the directions in which photographs vary most.

    "Fancy PCA" (Krizhevsky, Sutskever and Hinton, 2012): α₁λ₁p₁ + α₂λ₂p₂ + α₃λ₃p₃ with the eigenvectors p and
    eigenvalues λ of the colours of ImageNet and normally distributed α. It imitates lamps of other strength and
    colour. Grey pictures become lighter or darker.
    """

    label = "RGB shift (PCA)"
    dials = (Dial("deviation", 0, 1),)
    deviation: float = Field(0.1, ge=0, le=3, description="Standard deviation of α; 0.1 in the paper.")

    def recolouring(self, batch: torch.Tensor, draws: Draws) -> _Change:
        import torch

        alphas = draws.normal(3, batch.device) * self.deviation  # (N, 3)
        shifts = []
        for row in _IMAGENET_DIRECTIONS:
            weights = [255 * value * part for value, part in zip(_IMAGENET_SPREADS, row, strict=True)]
            # Written out, because a matrix product may sum in another order for another batch size.
            shifts.append(alphas[:, 0] * weights[0] + alphas[:, 1] * weights[1] + alphas[:, 2] * weights[2])
        red, green, blue = shifts
        if batch.shape[1] != 3:
            shift = (_RED * red + _GREEN * green + _BLUE * blue)[:, None, None, None]
        else:
            shift = torch.stack([red, green, blue], dim=1)[:, :, None, None]
        return lambda pictures: pictures + shift


def _factors(draws: Draws, strength: float, like: torch.Tensor) -> torch.Tensor:
    return per_sample(draws.uniform(1 - strength, 1 + strength), like)


def _means(batch: torch.Tensor) -> torch.Tensor:
    """The mean of every sample, (N, 1, 1, 1)."""
    import torch

    # A sum of whole numbers is exact in any order, so the mean can't depend on the batch.
    total = batch.round().to(torch.int64).sum(dim=(1, 2, 3), keepdim=True)
    return total.float() / batch[0].numel()


def saturated(batch: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Colour pictures (N, 3, H, W) with the distance from their grey (ITU-R BT.601) scaled by (N, 1, 1, 1)."""
    grey = _RED * batch[:, 0:1] + _GREEN * batch[:, 1:2] + _BLUE * batch[:, 2:3]
    return (batch - grey) * factor + grey


def turned_hue(batch: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Colour pictures (N, 3, H, W) with all hues of the HSV model moved on by (N, 1, 1, 1) turns."""
    import torch

    value, which = batch.max(dim=1)  # (N, H, W)
    chroma = value - batch.amin(dim=1)
    red, green, blue = batch.unbind(1)
    by = torch.where(chroma > 0, chroma, torch.ones_like(chroma))
    # In sixths of a turn: red lies at 0, green at 2, blue at 4.
    sixth = torch.where(
        which == 0, (green - blue) / by, torch.where(which == 1, (blue - red) / by + 2, (red - green) / by + 4)
    )
    sixth = sixth + 6 * turn[:, 0]
    channels = []
    for offset in (5.0, 3.0, 1.0):
        place = torch.remainder(sixth + offset, 6.0)
        channels.append(value - chroma * torch.minimum(place, 4 - place).clamp(0, 1))
    return torch.stack(channels, dim=1)
