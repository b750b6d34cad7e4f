"""Two inputs into one, as modules."""

import torch
from torch import nn


class Subtract(nn.Module):
    """The first less the second."""

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return first - second


class Divide(nn.Module):
    """The first divided by the second, which is moved by `eps` away from zero."""

    def __init__(self, eps: float = 0.0) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        if self.eps == 0:
            return first / second
        return first / torch.where(second < 0, second - self.eps, second + self.eps)

    def extra_repr(self) -> str:
        return f"eps={self.eps}"


class MatMul(nn.Module):
    """The matrix product over the last two dimensions."""

    def __init__(self, transpose_second: bool = False) -> None:
        super().__init__()
        self.transpose_second = transpose_second

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return first @ (second.transpose(-2, -1) if self.transpose_second else second)

    def extra_repr(self) -> str:
        return f"transpose_second={self.transpose_second}"
