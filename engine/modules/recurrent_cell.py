"""One step of an LSTM with the states as tensors of their own."""

import torch
from torch import nn


class LSTMCell(nn.LSTMCell):
    """One step: (N, I), hidden (N, H) and cell (N, H) to the new hidden and cell state."""

    def forward(self, x: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        new_hidden, new_cell = super().forward(x, (hidden, cell))
        return new_hidden, new_cell
