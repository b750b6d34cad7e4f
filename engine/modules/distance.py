"""Distances between pairs, and vectors of length one, as modules."""

import torch
from torch import nn
from torch.nn import functional as F


class EuclideanDistance(nn.Module):
    """√(Σ(a − b)² + ε) over `dim`: (N, C, ...) twice to (N, 1, ...)."""

    def __init__(self, dim: int = 1, keepdim: bool = True, eps: float = 1e-12) -> None:
        super().__init__()
        self.dim = dim
        self.keepdim = keepdim
        self.eps = eps

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return ((first - second).square().sum(self.dim, self.keepdim) + self.eps).sqrt()

    def extra_repr(self) -> str:
        return f"dim={self.dim}, keepdim={self.keepdim}, eps={self.eps}"


class CosineSimilarity(nn.Module):
    """a·b/(|a|·|b|) over `dim`: (N, C, ...) twice to (N, 1, ...)."""

    def __init__(self, dim: int = 1, keepdim: bool = True, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.keepdim = keepdim
        self.eps = eps

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        found = F.cosine_similarity(first, second, self.dim, self.eps)
        return found.unsqueeze(self.dim) if self.keepdim else found

    def extra_repr(self) -> str:
        return f"dim={self.dim}, keepdim={self.keepdim}, eps={self.eps}"


class AbsoluteDifference(nn.Module):
    """|a − b|."""

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first - second).abs()


class Normalize(nn.Module):
    """x divided by its p-norm over `dim`."""

    def __init__(self, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> None:
        super().__init__()
        self.p = p
        self.dim = dim
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.normalize(x, self.p, self.dim, self.eps)

    def extra_repr(self) -> str:
        return f"p={self.p}, dim={self.dim}, eps={self.eps}"
