"""Convolution whose filters take turns over the positions."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class TiledConv2d(nn.Module):
    """Convolution with t·t sets of filters; position (i, j) uses set (i mod t, j mod t) (Le et al. 2010).

    (N, C, H, W) to (N, K, H', W') with weights (t, t, K, C, F, F). Deep Learning (Goodfellow et al. 2016), eq. 9.10.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        tiles: int = 2,
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.tiles = tiles
        self.stride = stride
        self.padding = padding
        height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.weight = nn.Parameter(torch.empty(tiles, tiles, out_channels, in_channels, height, width))
        self.bias = nn.Parameter(torch.empty(tiles, tiles, out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√fan-in, as PyTorch's convolution starts."""
        bound = 1 / math.sqrt(self.weight[0, 0, 0].numel())
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        t, filters = self.tiles, self.out_channels
        weight = self.weight.flatten(0, 2)  # (t·t·K, C, F, F): all sets at once, of which each position keeps one
        bias = None if self.bias is None else self.bias.flatten()
        every = F.conv2d(x, weight, bias, self.stride, self.padding)
        height, width = every.shape[-2:]
        every = every.reshape(x.shape[0], t, t, filters, height, width)
        rows = torch.arange(height, device=x.device) % t == torch.arange(t, device=x.device)[:, None]  # (t, H')
        columns = torch.arange(width, device=x.device) % t == torch.arange(t, device=x.device)[:, None]  # (t, W')
        turn = rows[:, None, None, :, None] & columns[None, :, None, None, :]  # (t, t, 1, H', W')
        return (every * turn.to(x.dtype)).sum((1, 2))

    def extra_repr(self) -> str:
        rest = f"kernel_size={self.kernel_size}, tiles={self.tiles}, stride={self.stride}, padding={self.padding}"
        return f"{self.in_channels}, {self.out_channels}, {rest}, bias={self.bias is not None}"
