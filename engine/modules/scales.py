"""Multiplying and shifting by learned or fixed numbers, and tensors that are learned by themselves."""

import torch
from torch import nn


class LayerScale(nn.Module):
    """Multiplies each channel by a learned factor that starts small (Touvron et al., Going deeper with transformers).

    `dim` is the dimension of the channels, the batch being 0; −1 is the last.
    """

    def __init__(self, channels: int, init: float = 1e-6, dim: int = 1) -> None:
        super().__init__()
        self.channels = channels
        self.init = init
        self.dim = dim
        self.weight = nn.Parameter(torch.full((channels,), float(init)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        after = x.ndim - 1 - self.dim if self.dim > 0 else -1 - self.dim
        return x * self.weight.reshape(-1, *[1] * after)

    def extra_repr(self) -> str:
        return f"{self.channels}, init={self.init}, dim={self.dim}"


class ScaleShift(nn.Module):
    """scale · x + shift, with two fixed numbers."""

    def __init__(self, scale: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.scale = scale
        self.shift = shift

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.scale != 1:
            x = x * self.scale
        return x + self.shift if self.shift else x

    def extra_repr(self) -> str:
        return f"scale={self.scale}, shift={self.shift}"


class LearnedTensor(nn.Module):
    """The same tensor for every picture, learned like a weight, or kept: (N, ...) in for its batch, (N, *shape) out."""

    def __init__(self, shape: tuple[int, ...], init: float = 0.0, trained: bool = True) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.init = init
        self.trained = trained
        value = torch.full(self.shape, float(init))
        if trained:
            self.value = nn.Parameter(value)
        else:
            self.register_buffer("value", value)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.value.expand(x.shape[0], *self.shape)

    def extra_repr(self) -> str:
        return f"{self.shape}, init={self.init}, trained={self.trained}"
