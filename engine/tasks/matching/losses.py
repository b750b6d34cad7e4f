"""What is lowered so that pictures of the same come close and others move apart. Distances and targets are (M,)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 1e-7
"""Probabilities are kept this far from 0 and 1, so that no logarithm is infinite."""


def contrastive(distance: Tensor, same: Tensor, margin: float) -> Tensor:
    """½·D² for pairs that show the same and ½·max(0, margin − D)² for others: float32, (M,).

    Hadsell, Chopra, LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006, equation 4.
    """
    near = distance.square()
    far = (margin - distance).clamp(min=0).square()
    return (same * near + (1 - same) * far) / 2


def triplet(to_same: Tensor, to_other: Tensor, margin: float) -> Tensor:
    """max(0, |a − p|² − |a − n|² + margin) for the distances to a like and to an unlike picture: float32, (M,).

    Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015, equation 3.
    """
    return (to_same.square() - to_other.square() + margin).clamp(min=0)


def binary_cross_entropy(probability: Tensor, same: Tensor) -> Tensor:
    """−log p for pairs that show the same and −log(1 − p) for others: float32, (M,). Koch et al. 2015, section 3.2."""
    sure = probability.clamp(LEAST, 1 - LEAST)
    return -(same * sure.log() + (1 - same) * (1 - sure).log())
