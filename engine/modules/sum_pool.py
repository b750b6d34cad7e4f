"""Pooling by adding up."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def window_sums(
    x: torch.Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], ceil_mode: bool
) -> torch.Tensor:
    """The sum of each window over the last axes of x, as the mean times the window's size.

    The border is added beforehand: exporters forget `divisor_override`, and a partial window has another divisor.
    """
    border: list[int] = []
    for size, f, s, p in zip(reversed(x.shape), reversed(kernel), reversed(stride), reversed(padding), strict=False):
        steps = (size + 2 * p - f) / s
        count = math.ceil(steps) if ceil_mode else math.floor(steps)
        if count * s >= size + p:
            count -= 1  # a window has to begin inside the input
        border += [p, max(p, count * s + f - size - p)]
    if any(border):
        x = F.pad(x, border)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(kernel) - 1]
    return pool(x, kernel, stride) * math.prod(kernel)


def each_axis(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """One number per axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


class SumPool1d(nn.Module):
    """The sum of each window of a sequence: (N, C, L) to (N, C, L')."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0, ceil_mode: bool = False) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return window_sums(x, (self.kernel_size,), (self.stride,), (self.padding,), self.ceil_mode)

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
        kernel, stride, padding = (each_axis(one, 2) for one in (self.kernel_size, self.stride, self.padding))
        return window_sums(x, kernel, stride, padding, self.ceil_mode)

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
        kernel, stride, padding = (each_axis(one, 3) for one in (self.kernel_size, self.stride, self.padding))
        return window_sums(x, kernel, stride, padding, self.ceil_mode)

    def extra_repr(self) -> str:
        rest = f"padding={self.padding}, ceil_mode={self.ceil_mode}"
        return f"kernel_size={self.kernel_size}, stride={self.stride}, {rest}"
