"""Adding a border, as modules."""

import torch
from torch import nn
from torch.nn import functional as F


class Pad(nn.Module):
    """`padding` as `torch.nn.functional.pad` takes it, from the last axis: (left, right, top, bottom, ...)."""

    def __init__(self, padding: tuple[int, ...], mode: str = "constant", value: float = 0.0) -> None:
        super().__init__()
        self.padding = tuple(padding)
        self.mode = mode
        self.value = value

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.mode == "constant":
            return F.pad(x, self.padding, value=self.value)
        return F.pad(x, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}, mode={self.mode!r}, value={self.value}"


class PadChannels(nn.Module):
    """Zeros behind the channels: (N, C, ...) to (N, C + channels, ...)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        more = x.new_zeros(x.shape[0], self.channels, *x.shape[2:])
        return torch.cat([x, more], 1)

    def extra_repr(self) -> str:
        return f"{self.channels}"
