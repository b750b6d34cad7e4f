"""Look-up of learned vectors by numbers of any type."""

import torch
from torch import nn


class Embedding(nn.Embedding):
    """A vector for every whole number, which may come as a float: (N, ...) to (N, ..., E)."""

    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__(num_embeddings, embedding_dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.long())
