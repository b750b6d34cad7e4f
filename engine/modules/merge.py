"""Merging branches, as modules, so that each has a name and a place for hooks."""

import functools
import operator

import torch
from torch import nn


class Add(nn.Module):
    """The sum of all inputs."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return functools.reduce(operator.add, branches)


class Multiply(nn.Module):
    """The product of all inputs, value by value."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return functools.reduce(operator.mul, branches)


class Maximum(nn.Module):
    """The largest of all inputs, value by value."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return functools.reduce(torch.maximum, branches)


class Minimum(nn.Module):
    """The smallest of all inputs, value by value."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return functools.reduce(torch.minimum, branches)


class Average(nn.Module):
    """The mean of all inputs, value by value."""

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return functools.reduce(operator.add, branches) / len(branches)


class Concatenate(nn.Module):
    """All inputs one behind the other along `dim`."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *branches: torch.Tensor) -> torch.Tensor:
        return torch.cat(branches, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
