"""Attention within windows of a picture, with a learned bias for every distance between two places."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class ShiftedWindowAttention(nn.Module):
    """Self-attention within windows that may be shifted: (N, H, W, C) to the same (Liu et al., Swin Transformer).

    With `similarity` "product" two tokens are compared by their product and each distance has a learned bias; with
    "cosine" by their angle, and a small network gives the bias (Liu et al., Swin Transformer V2). Sizes that the
    window does not divide are padded with zeros.
    """

    index: torch.Tensor
    distances: torch.Tensor

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: tuple[int, int],
        shift: tuple[int, int] = (0, 0),
        similarity: str = "product",
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.channels = channels
        self.num_heads = num_heads
        self.window_size = tuple(window_size)
        self.shift = tuple(shift)
        self.similarity = similarity
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        height, width = self.window_size
        self.register_buffer("index", self.make_index(), persistent=False)
        if similarity == "product":
            self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * height - 1) * (2 * width - 1), num_heads))
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        else:
            self.logit_scale = nn.Parameter(torch.log(10 * torch.ones(num_heads, 1, 1)))
            self.cpb_mlp = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, num_heads, bias=False))
            self.register_buffer("distances", self.make_distances(), persistent=False)

    def make_index(self) -> torch.Tensor:
        """(places²): the row of the bias table for every pair of places in a window."""
        height, width = self.window_size
        rows, columns = torch.arange(height), torch.arange(width)
        places = torch.stack(torch.meshgrid(rows, columns, indexing="ij")).flatten(1)  # (2, places)
        apart = places[:, :, None] - places[:, None, :]
        return ((apart[0] + height - 1) * (2 * width - 1) + apart[1] + width - 1).flatten()

    def make_distances(self) -> torch.Tensor:
        """(1, 2·height − 1, 2·width − 1, 2): every distance, from −1 to 1, fine close by and coarse far away."""
        height, width = self.window_size
        down = torch.arange(1 - height, height, dtype=torch.float32) / max(height - 1, 1)
        right = torch.arange(1 - width, width, dtype=torch.float32) / max(width - 1, 1)
        table = torch.stack(torch.meshgrid(down, right, indexing="ij"), -1)[None] * 8
        return torch.sign(table) * torch.log2(torch.abs(table) + 1.0) / 3.0

    def bias(self) -> torch.Tensor:
        """(1, heads, places, places)."""
        places = self.window_size[0] * self.window_size[1]
        product = self.similarity == "product"
        table = self.relative_position_bias_table if product else self.cpb_mlp(self.distances).flatten(0, 2)
        found = table[self.index].view(places, places, -1).permute(2, 0, 1)[None]
        return found if product else 16 * torch.sigmoid(found)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, height, width, _ = x.shape
        down, right = ((-size) % window for size, window in zip((height, width), self.window_size, strict=True))
        x = F.pad(x, (0, 0, 0, right, 0, down))
        full = (x.shape[1], x.shape[2])
        # A window as large as the picture has nothing to be shifted into.
        shift = [0 if window >= size else s for s, window, size in zip(self.shift, self.window_size, full, strict=True)]
        if any(shift):
            x = torch.roll(x, (-shift[0], -shift[1]), (1, 2))
        mask = self.mask(full, shift, x) if any(shift) else None
        x = self.join(self.attend(self.cut(x), mask), full)
        if any(shift):
            x = torch.roll(x, (shift[0], shift[1]), (1, 2))
        return x[:, :height, :width].contiguous()

    def cut(self, x: torch.Tensor) -> torch.Tensor:
        """(N, H, W, C) to (N, windows, places, C)."""
        batch, height, width, channels = x.shape
        rows, columns = self.window_size
        x = x.reshape(batch, height // rows, rows, width // columns, columns, channels)
        return x.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, rows * columns, channels)

    def join(self, x: torch.Tensor, full: tuple[int, int]) -> torch.Tensor:
        """(N, windows, places, C) to (N, H, W, C)."""
        rows, columns = self.window_size
        x = x.reshape(x.shape[0], full[0] // rows, full[1] // columns, rows, columns, x.shape[-1])
        return x.permute(0, 1, 3, 2, 4, 5).reshape(x.shape[0], full[0], full[1], x.shape[-1])

    def mask(self, full: tuple[int, int], shift: list[int], like: torch.Tensor) -> torch.Tensor:
        """(1, windows, 1, places, places): −100 between places that only the shift has brought together."""
        regions = like.new_zeros((1, *full, 1))
        number = 0
        for top, bottom in ((0, -self.window_size[0]), (-self.window_size[0], -shift[0]), (-shift[0], None)):
            for left, right in ((0, -self.window_size[1]), (-self.window_size[1], -shift[1]), (-shift[1], None)):
                regions[:, top:bottom, left:right] = number
                number += 1
        region = self.cut(regions)[..., 0]  # (1, windows, places)
        differ = region[:, :, None, :] != region[:, :, :, None]
        return differ[:, :, None] * like.new_full((), -100.0)

    def attend(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Attention of every window by itself: (N, windows, places, C) to the same."""
        bias: torch.Tensor = self.qkv.bias
        if self.similarity == "cosine":
            # Keys have no bias, since only their angle counts (V2, section 3.2).
            bias = torch.cat([bias[: self.channels], bias.new_zeros(self.channels), bias[2 * self.channels :]])
        mixed = F.linear(x, self.qkv.weight, bias)
        mixed = mixed.reshape(*x.shape[:3], 3, self.num_heads, -1).permute(3, 0, 1, 4, 2, 5)
        q, k, v = mixed[0], mixed[1], mixed[2]  # (N, windows, heads, places, C/heads)
        if self.similarity == "cosine":
            scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
            scores = scores * torch.clamp(self.logit_scale, max=math.log(100.0)).exp()
        else:
            scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        scores = scores + self.bias()
        if mask is not None:
            scores = scores + mask
        weights = F.dropout(torch.softmax(scores, -1), self.attention_dropout, self.training)
        together = (weights @ v).transpose(2, 3).reshape(x.shape)
        return F.dropout(self.proj(together), self.dropout, self.training)

    def extra_repr(self) -> str:
        rest = f"shift={self.shift}, similarity={self.similarity!r}, attention_dropout={self.attention_dropout}"
        return f"{self.channels}, {self.num_heads}, {self.window_size}, {rest}, dropout={self.dropout}"


class RelativeAttention(nn.Module):
    """Self-attention in each window with a learned bias for every distance: (N, windows, places, C) to the same.

    MaxViT (Tu et al. 2022) uses it within windows, and within grids of far places.
    """

    index: torch.Tensor

    def __init__(self, channels: int, num_heads: int, window_size: int, scale: float | None = None) -> None:
        super().__init__()
        self.channels = channels
        self.num_heads = num_heads
        self.window_size = window_size
        self.scale = scale
        self.to_qkv = nn.Linear(channels, 3 * channels)
        self.merge = nn.Linear(channels, channels)
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window_size - 1) ** 2, num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        places = torch.arange(window_size)
        pairs = torch.stack(torch.meshgrid(places, places, indexing="ij")).flatten(1)  # (2, places)
        apart = pairs[:, :, None] - pairs[:, None, :] + window_size - 1
        self.register_buffer("index", apart[0] * (2 * window_size - 1) + apart[1], persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed = self.to_qkv(x).reshape(*x.shape[:3], 3, self.num_heads, -1).permute(3, 0, 1, 4, 2, 5)
        q, k, v = mixed[0], mixed[1], mixed[2]  # (N, windows, heads, places, C/heads)
        scale = q.shape[-1] ** -0.5 if self.scale is None else self.scale
        bias = self.relative_position_bias_table[self.index].permute(2, 0, 1)  # (heads, places, places)
        weights = torch.softmax(q @ (k * scale).transpose(-2, -1) + bias, -1)
        return self.merge((weights @ v).transpose(2, 3).reshape(x.shape))

    def extra_repr(self) -> str:
        return f"{self.channels}, {self.num_heads}, {self.window_size}, scale={self.scale}"
