"""Pooling by adding up."""

import torch
from torch import nn
from torch.nn import functional as F


class SumPool1d(nn.Module):
    """The sum of each window of a sequence: (N, C, L) to (N, C, L')."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0, ceil_mode: bool = False) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Only the pooling of pictures takes a divisor, so the sequence becomes a picture of one row.
        return F.avg_pool2d(
            x.unsqueeze(2), (1, self.kernel_size), (1, self.stride), (0, self.padding), self.ceil_mode, True, 1
        ).squeeze(2)

    def extra_repr(self) -> str:
        rest = f"padding={self.padding}, ceil_mode={self.ceil_mode}"
        return f"kernel_size={self.kernel_size}, stride={self.stride}, {rest}"


class SumPool2d(nn.Module):
    """The sum of each window of a picture: (N, C, H, W) to (N, C, H', W')."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode, True, divisor_override=1)

    def extra_repr(self) -> str:
        rest = f"padding={self.padding}, ceil_mode={self.ceil_mode}"
        return f"kernel_size={self.kernel_size}, stride={self.stride}, {rest}"


class SumPool3d(nn.Module):
    """The sum of each block of a volume: (N, C, D, H, W) to (N, C, D', H', W')."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] | None = None,
        padding: int | tuple[int, int, int] = 0,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool3d(x, self.kernel_size, self.stride, self.padding, self.ceil_mode, True, divisor_override=1)

    def extra_repr(self) -> str:
        rest = f"padding={self.padding}, ceil_mode={self.ceil_mode}"
        return f"kernel_size={self.kernel_size}, stride={self.stride}, {rest}"
