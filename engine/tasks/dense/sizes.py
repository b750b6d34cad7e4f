"""Bringing a network's map and what is known of the picture to one size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def enlargement(answer: tuple[int, int], picture: tuple[int, int]) -> int:
    """How many times a map (height, width) has to be enlarged to cover the picture.

    1 where it has the picture's size, or where it answers for the middle only, as a U-Net without padding does: a map
    that is smaller by the same power of two on both sides is a coarse one of the whole picture, any other smaller one
    is its middle.
    """
    factor = picture[0] // answer[0]
    whole = (answer[0] * factor, answer[1] * factor) == picture
    return factor if whole and factor & (factor - 1) == 0 else 1


def fits(answer: tuple[int, int], picture: tuple[int, int]) -> bool:
    """Whether a map can be read as one of the picture."""
    return answer[0] <= picture[0] and answer[1] <= picture[1]


def enlarged(scores: Tensor, picture: tuple[int, int]) -> Tensor:
    """Scores (N, C, h, w) at the picture's size where they are coarse ones, blended (bilinear); else as they are."""
    from torch.nn.functional import interpolate

    if enlargement((scores.shape[2], scores.shape[3]), picture) == 1:
        return scores
    return interpolate(scores, size=picture, mode="bilinear", align_corners=False)


def middle_of(truth: Tensor, answer: Tensor) -> Tensor:
    """The part of a target (..., H, W) that an answer (..., h, w) is about: its middle, where that is smaller."""
    height, width = answer.shape[-2:]
    top, left = (truth.shape[-2] - height) // 2, (truth.shape[-1] - width) // 2
    return truth[..., top : top + height, left : left + width]
