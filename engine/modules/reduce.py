"""Reductions over dimensions, as modules. The batch is dimension 0 and stays."""

import torch
from torch import nn


class Mean(nn.Module):
    """The mean over `dims`."""

    def __init__(self, dims: tuple[int, ...], keepdim: bool = False) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.keepdim = keepdim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(self.dims, self.keepdim)

    def extra_repr(self) -> str:
        return f"{self.dims}, keepdim={self.keepdim}"


class Sum(nn.Module):
    """The sum over `dims`."""

    def __init__(self, dims: tuple[int, ...], keepdim: bool = False) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.keepdim = keepdim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sum(self.dims, self.keepdim)

    def extra_repr(self) -> str:
        return f"{self.dims}, keepdim={self.keepdim}"


class Max(nn.Module):
    """The largest value over `dims`."""

    def __init__(self, dims: tuple[int, ...], keepdim: bool = False) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self.keepdim = keepdim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.amax(self.dims, self.keepdim)

    def extra_repr(self) -> str:
        return f"{self.dims}, keepdim={self.keepdim}"
