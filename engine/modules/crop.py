"""Cropping, as modules."""

import torch
from torch import nn


class Crop(nn.Module):
    """Without `margin` = (top, bottom, left, right) rows and columns: (N, C, H, W) to (N, C, H', W')."""

    def __init__(self, margin: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.margin = tuple(margin)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        top, bottom, left, right = self.margin
        return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]

    def extra_repr(self) -> str:
        return f"{self.margin}"


class CropLike(nn.Module):
    """The part of x that has the height and width of `like`; from `offset` on, or the middle if that is None."""

    def __init__(self, offset: int | None = None) -> None:
        super().__init__()
        self.offset = offset

    def forward(self, x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        height, width = like.shape[2], like.shape[3]
        top = (x.shape[2] - height) // 2 if self.offset is None else self.offset
        left = (x.shape[3] - width) // 2 if self.offset is None else self.offset
        return x[:, :, top : top + height, left : left + width]

    def extra_repr(self) -> str:
        return f"offset={self.offset}"
