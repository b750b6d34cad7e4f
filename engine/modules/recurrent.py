"""Recurrent layers that return one tensor: every step's state, or the last one."""

import torch
from torch import nn


def last_or_all(states: torch.Tensor, last: torch.Tensor, output: str, directions: int) -> torch.Tensor:
    """(N, T, D·H), or the state after the whole sequence was read, in both directions: (N, D·H).

    Args:
        last: (layers·D, N, H) as PyTorch returns it.
    """
    if output == "all":
        return states
    return torch.cat(tuple(last[-directions:]), 1)


class RNN(nn.RNN):
    """h = tanh(W·x + U·h + b), step by step: (N, T, I) to (N, T, D·H), or (N, D·H) with output "last"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        output: str = "all",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            nonlinearity=nonlinearity,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )
        self.output = output

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        states, last = super().forward(x)
        return last_or_all(states, last, self.output, 1 + self.bidirectional)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, output={self.output!r}"


class LSTM(nn.LSTM):
    """Long short-term memory (Hochreiter and Schmidhuber 1997): (N, T, I) to (N, T, D·H), or (N, D·H) for "last"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        output: str = "all",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )
        self.output = output

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        states, (last, _) = super().forward(x)
        return last_or_all(states, last, self.output, 1 + self.bidirectional)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, output={self.output!r}"


class GRU(nn.GRU):
    """Gated recurrent units (Cho et al. 2014): (N, T, I) to (N, T, D·H), or (N, D·H) with output "last"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        output: str = "all",
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            batch_first=True,
            dropout=dropout,
            bidirectional=bidirectional,
        )
        self.output = output

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        states, last = super().forward(x)
        return last_or_all(states, last, self.output, 1 + self.bidirectional)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, output={self.output!r}"
