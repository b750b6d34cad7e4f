"""Patches as tokens, a token for the class, and learned queries."""

import torch
from torch import nn


class PatchEmbedding(nn.Module):
    """Patches of a picture as a sequence of vectors: (N, C, H, W) to (N, H/F·W/F, E) (Dosovitskiy et al. 2020)."""

    def __init__(self, in_channels: int, embed_dim: int, patch_size: int | tuple[int, int], bias: bool = True) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.embed_dim = embed_dim
        self.patch_size = patch_size
        self.bias = bias
        self.projection = nn.Conv2d(in_channels, embed_dim, patch_size, stride=patch_size, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.projection(x).flatten(2).transpose(1, 2)


class ClassToken(nn.Module):
    """One learned token in front: (N, T, E) to (N, T + 1, E)."""

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        self.token = nn.Parameter(torch.zeros(1, 1, embed_dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1)

    def extra_repr(self) -> str:
        return f"{self.embed_dim}"


class LearnedQueries(nn.Module):
    """The same learned vectors for every element of the batch: (N, ...) to (N, count, E) (Carion et al. 2020)."""

    def __init__(self, count: int, embed_dim: int) -> None:
        super().__init__()
        self.count = count
        self.embed_dim = embed_dim
        self.queries = nn.Parameter(torch.randn(count, embed_dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.queries.repeat(x.shape[0], 1, 1)

    def extra_repr(self) -> str:
        return f"{self.count}, {self.embed_dim}"
