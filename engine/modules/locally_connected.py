"""Convolution with weights of its own at every position."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class LocallyConnected2d(nn.Module):
    """Unshared convolution: (N, C, H, W) to (N, K, H', W') with weights (K, C·F·F, H'·W'), for one picture size.

    Deep Learning (Goodfellow et al. 2016), equation 9.9.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: tuple[int, int],
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.input_size = tuple(input_size)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        kernel, step, margin = (
            (one, one) if isinstance(one, int) else tuple(one) for one in (kernel_size, stride, padding)
        )
        self.output_size = tuple(
            (w - f + 2 * p) // s + 1 for w, f, s, p in zip(self.input_size, kernel, step, margin, strict=True)
        )
        places = self.output_size[0] * self.output_size[1]
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels * kernel[0] * kernel[1], places))
        self.bias = nn.Parameter(torch.empty(out_channels, places)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√fan-in, as PyTorch's convolution starts."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = F.unfold(x, self.kernel_size, padding=self.padding, stride=self.stride)  # (N, C·F·F, places)
        # A matrix product for each place: (places, K, C·F·F) with (places, C·F·F, N).
        out = torch.matmul(self.weight.permute(2, 0, 1), patches.permute(2, 1, 0)).permute(2, 1, 0)
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(x.shape[0], self.out_channels, self.output_size[0], self.output_size[1])

    def extra_repr(self) -> str:
        rest = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{self.in_channels}, {self.out_channels}, {self.input_size}, {rest}, bias={self.bias is not None}"


class LocallyConnected1d(nn.Module):
    """Unshared convolution along a sequence: (N, C, L) to (N, K, L') with weights (K, C·F, L'), for one length."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.input_size = input_size
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        places = (input_size - kernel_size + 2 * padding) // stride + 1
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels * kernel_size, places))
        self.bias = nn.Parameter(torch.empty(out_channels, places)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√fan-in, as PyTorch's convolution starts."""
        bound = 1 / math.sqrt(self.weight.shape[1])
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # (N, C·F, places): PyTorch unfolds pictures only, so the sequence becomes one of a single row.
        patches = F.unfold(x.unsqueeze(2), (1, self.kernel_size), padding=(0, self.padding), stride=(1, self.stride))
        out = torch.matmul(self.weight.permute(2, 0, 1), patches.permute(2, 1, 0)).permute(2, 1, 0)
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        rest = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{self.in_channels}, {self.out_channels}, {self.input_size}, {rest}, bias={self.bias is not None}"
