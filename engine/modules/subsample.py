"""Subsampling with a trainable coefficient and bias per map."""

import torch
from torch import nn
from torch.nn import functional as F


class Subsample2d(nn.Module):
    """Sum of each window times a coefficient plus a bias, one of each per map (LeCun et al. 1998, S2 and S4)."""

    def __init__(self, channels: int, kernel_size: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.kernel_size = kernel_size
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start as plain averaging."""
        with torch.no_grad():
            self.weight.fill_(1 / self.kernel_size**2)
            self.bias.zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The mean times the area: exporters forget `divisor_override`.
        total = F.avg_pool2d(x, self.kernel_size) * self.kernel_size**2  # (N, C, H/F, W/F)
        return total * self.weight[:, None, None] + self.bias[:, None, None]

    def extra_repr(self) -> str:
        return f"{self.channels}, {self.kernel_size}"
