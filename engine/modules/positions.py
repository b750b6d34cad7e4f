"""Where a token or a pixel is, as a vector that is added to it."""

import math

import torch
from torch import nn


class LearnedPositions(nn.Module):
    """One trainable vector per place: (N, *shape) to (N, *shape); with output "position" the vectors alone."""

    def __init__(self, shape: tuple[int, ...], output: str = "sum") -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.output = output
        self.embedding = nn.Parameter(torch.randn(1, *self.shape) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.output == "sum":
            return x + self.embedding
        return self.embedding.repeat(x.shape[0], *(1 for _ in self.shape))

    def extra_repr(self) -> str:
        return f"{self.shape}, output={self.output!r}"


class SinusoidalPositions(nn.Module):
    """Sine and cosine of the place at growing wavelengths (Vaswani et al. 2017); pictures: half row, half column.

    Tokens (N, T, E): value 2i of place t is sin(t/10000^(2i/E)), value 2i + 1 the cosine. Pictures (N, C, H, W): the
    first C/2 channels so for the row, the others for the column (Carion et al. 2020). The table is not saved.
    """

    table: torch.Tensor

    def __init__(self, shape: tuple[int, ...], output: str = "sum") -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.output = output
        if len(self.shape) == 2:
            table = self.waves(*self.shape)
        else:
            channels, height, width = self.shape
            rows = self.waves(height, channels // 2).T[:, :, None].expand(-1, -1, width)
            columns = self.waves(width, channels // 2).T[:, None, :].expand(-1, height, -1)
            table = torch.cat([rows, columns])
        self.register_buffer("table", table[None], persistent=False)

    def waves(self, places: int, width: int) -> torch.Tensor:
        """(places, width)."""
        rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
        angle = torch.arange(places)[:, None] * rate  # (places, width/2)
        return torch.stack([angle.sin(), angle.cos()], 2).reshape(places, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.output == "sum":
            return x + self.table
        return self.table.repeat(x.shape[0], *(1 for _ in self.shape))

    def extra_repr(self) -> str:
        return f"{self.shape}, output={self.output!r}"
