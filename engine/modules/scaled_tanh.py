"""The squashing function of LeNet-5."""

import torch
from torch import nn


class ScaledTanh(nn.Module):
    """A·tanh(S·x), by default 1.7159·tanh(2x/3) (LeCun et al. 1998, appendix A)."""

    def __init__(self, amplitude=1.7159, slope=2 / 3):
        super().__init__()
        self.amplitude = amplitude
        self.slope = slope

    def forward(self, x):
        return self.amplitude * torch.tanh(self.slope * x)

    def extra_repr(self):
        return f"{self.amplitude}, {self.slope}"
