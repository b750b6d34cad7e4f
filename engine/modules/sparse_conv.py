"""Convolution along a connection table."""

import torch
from torch import nn
from torch.nn import functional as F


class SparseConv2d(nn.Module):
    """Convolution in which output map `o` sees the input maps `connections[o]` only (LeCun et al. 1998, C3).

    Weights exist for the listed connections alone, as one tensor (connections, kernel height, kernel width).
    """

    out_index: torch.Tensor
    in_index: torch.Tensor

    def __init__(
        self,
        in_channels: int,
        connections: tuple[tuple[int, ...], ...],
        kernel_size: tuple[int, int],
        stride: tuple[int, int] = (1, 1),
        padding: int = 0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.connections = tuple(tuple(row) for row in connections)
        self.kernel_size = tuple(kernel_size)
        self.stride = tuple(stride)
        self.padding = padding
        pairs = [(out, into) for out, row in enumerate(self.connections) for into in row]
        self.register_buffer("out_index", torch.tensor([out for out, _ in pairs]), persistent=False)
        self.register_buffer("in_index", torch.tensor([into for _, into in pairs]), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(pairs), *self.kernel_size))
        self.bias = nn.Parameter(torch.empty(len(self.connections))) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform in ±1/√fan-in of each map, as PyTorch's dense convolution starts."""
        area = self.kernel_size[0] * self.kernel_size[1]
        fan_in = torch.tensor([max(len(row), 1) * area for row in self.connections], dtype=torch.float32)
        with torch.no_grad():
            bound = (1 / fan_in.sqrt()).to(self.weight.device)
            self.weight.uniform_(-1, 1).mul_(bound[self.out_index][:, None, None])
            if self.bias is not None:
                self.bias.uniform_(-1, 1).mul_(bound)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = (len(self.connections), self.in_channels, *self.kernel_size)
        dense = self.weight.new_zeros(size).index_put((self.out_index, self.in_index), self.weight)
        return F.conv2d(x, dense, self.bias, self.stride, self.padding)

    def extra_repr(self) -> str:
        rest = f"{self.kernel_size}, {self.stride}, {self.padding}, {self.bias is not None}"
        return f"{self.in_channels}, {self.connections}, {rest}"
