"""Taking tensors apart, as modules."""

import torch
from torch import nn


class Split(nn.Module):
    """Parts of given sizes along `dim`."""

    def __init__(self, sizes: tuple[int, ...], dim: int = 1) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.dim = dim

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.split(list(self.sizes), self.dim))

    def extra_repr(self) -> str:
        return f"{self.sizes}, dim={self.dim}"


class Chunk(nn.Module):
    """Equal parts along `dim`."""

    def __init__(self, chunks: int, dim: int = 1) -> None:
        super().__init__()
        self.chunks = chunks
        self.dim = dim

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.chunk(self.chunks, self.dim))

    def extra_repr(self) -> str:
        return f"{self.chunks}, dim={self.dim}"


class Select(nn.Module):
    """One element of dimension `dim`, which is gone afterwards."""

    def __init__(self, index: int = 0, dim: int = 1) -> None:
        super().__init__()
        self.index = index
        self.dim = dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.select(self.dim, self.index)

    def extra_repr(self) -> str:
        return f"{self.index}, dim={self.dim}"


class Slice(nn.Module):
    """A stretch of dimension `dim`: from `start` to before `end`, every `step`."""

    def __init__(self, start: int = 0, end: int | None = None, step: int = 1, dim: int = 1) -> None:
        super().__init__()
        self.start = start
        self.end = end
        self.step = step
        self.dim = dim

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[(slice(None),) * self.dim + (slice(self.start, self.end, self.step),)]

    def extra_repr(self) -> str:
        return f"{self.start}, {self.end}, {self.step}, dim={self.dim}"
