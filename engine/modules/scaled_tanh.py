"""The squashing function of LeNet-5."""

import torch
from torch import nn


class ScaledTanh(nn.Module):
    """A·tanh(S·x), by default 1.7159·tanh(2x/3) (LeCun et al. 1998, appendix A)."""

    def __init__(self, amplitude: float = 1.7159, slope: float = 2 / 3) -> None:
        super().__init__()
        self.amplitude = amplitude
        self.slope = slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.amplitude * torch.tanh(self.slope * x)

    def extra_repr(self) -> str:
        return f"{self.amplitude}, {self.slope}"
