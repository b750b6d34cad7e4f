"""Transposed convolution that begins as bilinear enlargement."""

import torch
from torch import nn


class BilinearConvTranspose2d(nn.ConvTranspose2d):
    """Begins by blending between the pixels of each channel for itself, and learns from there (Long et al. 2015).

    Each channel is enlarged by its stride with the triangle-shaped kernel of bilinear interpolation; the weights
    between different channels and the bias are zero.
    """

    def reset_parameters(self) -> None:
        high, wide = (self.triangle(size) for size in self.kernel_size)
        per_group = self.in_channels // self.groups
        with torch.no_grad():
            self.weight.zero_()
            for channel in range(self.in_channels):
                place = channel % per_group
                if place < self.weight.shape[1]:
                    self.weight[channel, place] = (high[:, None] * wide[None, :]).to(self.weight)
            if self.bias is not None:
                self.bias.zero_()

    @staticmethod
    def triangle(size: int) -> torch.Tensor:
        """Weights of linear interpolation for a kernel of `size`, which is to be twice the stride (or one less)."""
        factor = (size + 1) // 2
        centre = factor - 1.0 if size % 2 else factor - 0.5
        return 1 - (torch.arange(size, dtype=torch.float32) - centre).abs() / factor
