"""How good restored pictures are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from engine.tasks.base import Answers, Meter
from engine.tasks.batch import Batch
from engine.tasks.dense.sizes import middle_of

if TYPE_CHECKING:
    from torch import Tensor

HIGHEST = 100.0
"""What a picture without any error counts as, in dB, so that one such does not make the mean infinite."""
_WINDOW = 11
"""Side of the window in which structure is compared; smaller pictures have no such measure."""


class RestoringMeter(Meter):
    """Compares pictures in 0..1, each by itself, and takes the means.

    Args:
        full: measure structure (SSIM), too.
    """

    def __init__(self, full: bool = False) -> None:
        self._full = full
        self._rows: list[Tensor] = []  # (N, 3): squared errors of the answer and of what was given, SSIM

    def add(self, answers: Answers, batch: Batch) -> None:
        import torch

        found = answers["restored"]
        clean, given = middle_of(answers["original"], found), middle_of(answers["given"], found)
        structure = torch.full((len(found),), float("nan"), device=found.device)
        if self._full and min(found.shape[2:]) >= _WINDOW:
            structure = similarity(found, clean)
        self._rows.append(torch.stack([squared_error(found, clean), squared_error(given, clean), structure], 1))

    def of_pictures(self) -> dict[str, np.ndarray]:
        """float64, (N,) each: PSNR of the answers ("psnr") and of what was given ("given"), and "ssim"."""
        import torch

        if not self._rows:
            return {}
        rows = torch.cat(self._rows).double().cpu().numpy()
        return {"psnr": decibels(rows[:, 0]), "given": decibels(rows[:, 1]), "ssim": rows[:, 2]}

    def result(self) -> Mapping[str, float]:
        rows = self.of_pictures()
        if not rows:
            return {}
        found = {
            "psnr": float(rows["psnr"].mean()),
            "gain": float((rows["psnr"] - rows["given"]).mean()),
            "psnr_given": float(rows["given"].mean()),
        }
        if not np.isnan(rows["ssim"]).any():
            found["ssim"] = float(rows["ssim"].mean())
        return found


def squared_error(found: Tensor, clean: Tensor) -> Tensor:
    """Mean squared error of every picture, (N,), of pictures (N, C, H, W)."""
    return (found - clean).square().flatten(1).mean(1)


def decibels(errors: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio, 10·log10(1 / error) for values in 0..1, at most `HIGHEST`."""
    return -10 * np.log10(np.maximum(errors, 10 ** (-HIGHEST / 10)))


def similarity(found: Tensor, clean: Tensor) -> Tensor:
    """Structural similarity of every picture, (N,) (Wang et al. 2004; a Gaussian window of 11 pixels)."""
    from torchmetrics.functional.image import structural_similarity_index_measure

    value = structural_similarity_index_measure(found, clean, data_range=1.0, reduction="none")
    assert not isinstance(value, tuple)
    return value
