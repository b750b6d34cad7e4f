"""Hypercolumns: what all levels of a network say about one pixel."""

import torch
from torch import nn
from torch.nn import functional as F


class Hypercolumn(nn.Module):
    """Feature maps of several levels at the pixels of a picture, one behind the other along the channels.

    Inputs are the picture (N, ?, H, W), of which only the size counts, and maps (N, Cᵢ, hᵢ, wᵢ) that cover it; then,
    where `sampled`, positions (N, P, 2) as (x, y) in its pixels. Gives (N, ΣC, H, W) for all pixels or (N, ΣC, P, 1)
    for the positions alone. Values between the points of a coarse map are blended from its four nearest (bilinear);
    both ways agree at the same pixel (Hariharan et al. 2015; Bansal et al. 2017).
    """

    def __init__(self, levels: int, sampled: bool = False) -> None:
        super().__init__()
        self.levels = levels
        self.sampled = sampled

    def forward(self, picture: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        maps = others[: self.levels]
        if not self.sampled:
            size = picture.shape[2:]
            whole = [
                part if part.shape[2:] == size else F.interpolate(part, size=size, mode="bilinear", align_corners=False)
                for part in maps
            ]
            return torch.cat(whole, 1)
        x, y = others[self.levels].to(picture.dtype).unbind(-1)  # (N, P)
        # Centres of pixels, from −1 at the left or upper edge of the picture to 1 at the other.
        grid = torch.stack([(2 * x + 1) / picture.shape[3] - 1, (2 * y + 1) / picture.shape[2] - 1], -1)
        sampled = [
            F.grid_sample(part, grid.unsqueeze(2), mode="bilinear", padding_mode="border", align_corners=False)
            for part in maps
        ]
        return torch.cat(sampled, 1)

    def extra_repr(self) -> str:
        return f"levels={self.levels}, sampled={self.sampled}"
