"""Resizing to the size of another picture, as a module."""

import torch
from torch import nn
from torch.nn import functional as F


class UpsampleLike(nn.Module):
    """x at the height and width of `like`: (N, C, H, W) and (N, ?, H', W') to (N, C, H', W')."""

    def __init__(self, mode: str = "nearest", align_corners: bool = False) -> None:
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners

    def forward(self, x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        corners = None if self.mode == "nearest" else self.align_corners
        return F.interpolate(x, size=like.shape[2:], mode=self.mode, align_corners=corners)

    def extra_repr(self) -> str:
        return f"mode={self.mode!r}, align_corners={self.align_corners}"
