"""Undoing max pooling with recorded switches."""

import torch
from torch import nn


class MaxUnpool2d(nn.Module):
    """Values back to where the maxima stood (Zeiler and Fergus 2013): (N, C, h, w) and indices to (N, C, H, W)."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
        output_size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.output_size = tuple(output_size) if output_size else None

    def forward(self, x: torch.Tensor, indices: torch.Tensor) -> torch.Tensor:
        height, width = self.output_size or self.natural_size(x.shape[-2], x.shape[-1])
        flat = x.new_zeros(x.shape[0], x.shape[1], height * width)
        # One scatter, which every exporter knows, instead of PyTorch's own operator.
        filled = flat.scatter(2, indices.flatten(2).long(), x.flatten(2))
        return filled.reshape(x.shape[0], x.shape[1], height, width)

    def natural_size(self, height: int, width: int) -> tuple[int, int]:
        """(W − 1)·S − 2P + F."""
        sizes = []
        for axis, size in enumerate((height, width)):
            kernel, stride, padding = (
                one if isinstance(one, int) else one[axis] for one in (self.kernel_size, self.stride, self.padding)
            )
            sizes.append((size - 1) * stride - 2 * padding + kernel)
        return sizes[0], sizes[1]

    def extra_repr(self) -> str:
        rest = f"padding={self.padding}, output_size={self.output_size}"
        return f"kernel_size={self.kernel_size}, stride={self.stride}, {rest}"
