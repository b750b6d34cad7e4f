"""Normalisation as detectors use it."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation whose averages, scale and shift are fixed: (N, C, H, W) to the same.

    Weights of an ordinary batch normalisation fit.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        state_dict.pop(f"{prefix}num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}"


class L2Scale(nn.Module):
    """Brings the channels at every place to length 1 and multiplies each by a learned factor: (N, C, H, W) the same.

    Liu et al. 2015 (ParseNet); SSD uses it on conv4_3, whose values are larger than those of later layers.
    """

    def __init__(self, channels: int, start: float = 20.0) -> None:
        super().__init__()
        self.channels = channels
        self.start = start
        self.weight = nn.Parameter(torch.full((channels,), start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.weight[:, None, None] * F.normalize(x)

    def extra_repr(self) -> str:
        return f"{self.channels}, start={self.start}"
