"""Stochastic depth as a module."""

import torch
from torch import nn


class StochasticDepth(nn.Module):
    """In training, sets the whole branch of a picture to zero with chance p and divides what stays by 1 − p.

    Each picture of the batch is drawn by itself ("row"), or all together ("batch") (Huang et al. 2016).
    """

    def __init__(self, p: float, mode: str = "row") -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0.0:
            return x
        size = [x.shape[0] if self.mode == "row" else 1] + [1] * (x.ndim - 1)
        kept = torch.empty(size, dtype=x.dtype, device=x.device).bernoulli_(1.0 - self.p)
        return x * kept / (1.0 - self.p)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode!r}"
