"""Multi-head attention on tensors with the batch first."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class MultiHeadAttention(nn.Module):
    """softmax(Q·Kᵀ/√d)·V by several heads (Vaswani et al. 2017): (N, T, E), (N, S, K), (N, S, V) to (N, T, E).

    Called with one tensor it is self-attention. Its weights have the names and shapes of `nn.MultiheadAttention`.
    With `need_weights` it returns the attention weights (N, T, S) too, averaged over the heads.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        need_weights: bool = False,
    ) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.bias = bias
        self.kdim = kdim
        self.vdim = vdim
        self.need_weights = need_weights
        if kdim is None and vdim is None:
            self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        else:
            self.q_proj_weight = nn.Parameter(torch.empty(embed_dim, embed_dim))
            self.k_proj_weight = nn.Parameter(torch.empty(embed_dim, kdim or embed_dim))
            self.v_proj_weight = nn.Parameter(torch.empty(embed_dim, vdim or embed_dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dim)) if bias else None
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Xavier's uniform start for the projections, zero for the biases, as PyTorch's own module."""
        for name, weight in self.named_parameters(recurse=False):
            if name != "in_proj_bias":
                nn.init.xavier_uniform_(weight)
        if self.out_proj.bias is not None:
            nn.init.zeros_(self.out_proj.bias)

    def forward(
        self, query: torch.Tensor, key: torch.Tensor | None = None, value: torch.Tensor | None = None
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        key = query if key is None else key
        value = key if value is None else value
        q, k, v = self.project(query, key, value)
        rate = self.dropout if self.training else 0.0
        if not self.need_weights:
            return self.out_proj(self.together(F.scaled_dot_product_attention(q, k, v, dropout_p=rate)))
        weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), -1)  # (N, heads, T, S)
        mixed = F.dropout(weights, rate, self.training) @ v
        return self.out_proj(self.together(mixed)), weights.mean(1)

    def project(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries, keys and values of all heads: (N, heads, tokens, E/heads) each."""
        if self.kdim is None and self.vdim is None:
            weights = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        q, k, v = (self.apart(F.linear(x, w, b)) for x, w, b in zip((query, key, value), weights, biases, strict=True))
        return q, k, v

    def apart(self, x: torch.Tensor) -> torch.Tensor:
        """(N, tokens, E) to (N, heads, tokens, E/heads)."""
        return x.reshape(x.shape[0], x.shape[1], self.num_heads, -1).transpose(1, 2)

    def together(self, x: torch.Tensor) -> torch.Tensor:
        """(N, heads, tokens, E/heads) to (N, tokens, E)."""
        return x.transpose(1, 2).flatten(2)

    def extra_repr(self) -> str:
        rest = f"bias={self.bias}, kdim={self.kdim}, vdim={self.vdim}, need_weights={self.need_weights}"
        return f"{self.embed_dim}, {self.num_heads}, dropout={self.dropout}, {rest}"
