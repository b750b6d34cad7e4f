"""Subtractive, divisive and local contrast normalisation with a Gaussian window over all channels."""

import torch
from torch import nn
from torch.nn import functional as F


def gaussian_window(size: int, sigma: float) -> torch.Tensor:
    """(size, size), adding up to 1."""
    places = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    line = torch.exp(-places.square() / (2 * sigma**2))
    window = line[:, None] * line
    return window / window.sum()


def local_mean(x: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
    """Weighted mean over the channels and the window: (N, C, H, W) to (N, 1, H, W).

    At the border only the part of the window that lies inside counts, so that an even picture has its own value as its
    mean everywhere.
    """
    kernel = window[None, None].to(x.dtype)
    reach = window.shape[0] // 2
    total = F.conv2d(x.mean(1, keepdim=True), kernel, padding=reach)
    inside = F.conv2d(torch.ones_like(x[:1, :1]), kernel, padding=reach)
    return total / inside


class SubtractiveNorm2d(nn.Module):
    """x less its local mean over all channels (Jarrett et al. 2009): (N, C, H, W) to (N, C, H, W)."""

    window: torch.Tensor

    def __init__(self, kernel_size: int = 9, sigma: float = 2.25) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = 1  # a window around every pixel
        self.padding = kernel_size // 2
        self.sigma = sigma
        self.register_buffer("window", gaussian_window(kernel_size, sigma), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - local_mean(x, self.window)

    def extra_repr(self) -> str:
        return f"{self.kernel_size}, sigma={self.sigma}"


class DivisiveNorm2d(nn.Module):
    """x divided by its local strength, but at least by the picture's mean strength (Jarrett et al. 2009)."""

    window: torch.Tensor

    def __init__(self, kernel_size: int = 9, sigma: float = 2.25, threshold: float = 1e-4) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = 1  # a window around every pixel
        self.padding = kernel_size // 2
        self.sigma = sigma
        self.threshold = threshold
        self.register_buffer("window", gaussian_window(kernel_size, sigma), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The root has no finite slope at zero, which an even picture would give.
        strength = local_mean(x.square(), self.window).clamp_min(self.threshold**2).sqrt()  # (N, 1, H, W)
        usual = strength.mean((2, 3), keepdim=True)
        return x / torch.maximum(strength, usual)

    def extra_repr(self) -> str:
        return f"{self.kernel_size}, sigma={self.sigma}, threshold={self.threshold}"


class LocalContrastNorm2d(nn.Module):
    """Subtractive, then divisive normalisation (Jarrett et al. 2009): (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, kernel_size: int = 9, sigma: float = 2.25, threshold: float = 1e-4) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = 1  # a window around every pixel
        self.padding = kernel_size // 2
        self.sigma = sigma
        self.threshold = threshold
        self.subtract = SubtractiveNorm2d(kernel_size, sigma)
        self.divide = DivisiveNorm2d(kernel_size, sigma, threshold)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.divide(self.subtract(x))
