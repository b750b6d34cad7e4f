"""Attention without weights of its own."""

import torch
from torch import nn
from torch.nn import functional as F


class DotProductAttention(nn.Module):
    """softmax(Q·Kᵀ · scale)·V: (N, ..., T, d), (N, ..., S, d), (N, ..., S, e) to (N, ..., T, e) (Vaswani et al. 2017).

    `causal` lets a place see only itself and what comes before it.
    """

    def __init__(self, scale: float | None = None, causal: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.scale = scale
        self.causal = causal
        self.dropout = dropout

    def forward(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        rate = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(
            query, key, value, dropout_p=rate, is_causal=self.causal, scale=self.scale
        )

    def extra_repr(self) -> str:
        return f"scale={self.scale}, causal={self.causal}, dropout={self.dropout}"
