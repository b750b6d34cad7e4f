"""Cutting a picture into windows of tokens, putting them together, and joining patches."""

import torch
from torch import nn


class WindowPartition(nn.Module):
    """Windows of a picture as groups of tokens: (N, C, H, W) to (N, H/F · W/F, F², C) (Tu et al., MaxViT)."""

    def __init__(self, window_size: int) -> None:
        super().__init__()
        self.window_size = window_size

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        size = self.window_size
        x = x.reshape(batch, channels, height // size, size, width // size, size)
        return x.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, size * size, channels)

    def extra_repr(self) -> str:
        return f"{self.window_size}"


class WindowMerge(nn.Module):
    """Windows put together as a picture: (N, R · K, F², C) to (N, C, R·F, K·F) with R rows of windows."""

    def __init__(self, window_size: int, rows: int) -> None:
        super().__init__()
        self.window_size = window_size
        self.rows = rows

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, windows, _, channels = x.shape
        size, columns = self.window_size, windows // self.rows
        x = x.reshape(batch, self.rows, columns, size, size, channels).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(batch, channels, self.rows * size, columns * size)

    def extra_repr(self) -> str:
        return f"{self.window_size}, {self.rows}"


class PatchMerging(nn.Module):
    """Every 2×2 pixels as one of four times the channels: (N, H, W, C) to (N, H/2, W/2, 4C) (Liu et al., Swin).

    The order is top left, bottom left, top right, bottom right; odd sizes are padded with zeros.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        parts = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return torch.cat(parts, -1)
