"""Noise in training."""

import torch
from torch import nn


class Noise(nn.Module):
    """Gaussian, masking or salt-and-pepper noise in training, nothing afterwards (Vincent et al. 2008)."""

    def __init__(self, kind: str = "gaussian", amount: float = 0.1) -> None:
        super().__init__()
        self.kind = kind
        self.amount = amount

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.amount == 0:
            return x
        if self.kind == "gaussian":
            return x + self.amount * torch.randn_like(x)
        draw = torch.rand_like(x)
        if self.kind == "masking":
            return x * (draw >= self.amount)
        low, high = x.detach().amin(), x.detach().amax()
        spoiled = torch.where(draw < self.amount / 2, low, high)
        return torch.where(draw < self.amount, spoiled, x)

    def extra_repr(self) -> str:
        return f"{self.kind!r}, {self.amount}"
