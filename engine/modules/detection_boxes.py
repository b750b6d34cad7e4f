"""From what a head says about boxes to boxes."""

import math

import torch
from torch import nn

# A box grows at most by this factor: exp() of an untrained head could be anything.
LARGEST_GROWTH = 1000 / 16


class DecodeBoxes(nn.Module):
    """Move and stretch boxes by what the network says about them (Girshick et al. 2014, torchvision's `BoxCoder`).

    x = dx/wx·w + x₀, y likewise; w = w₀·exp(dw/ww), h likewise, for centre and size of a box.

    Args:
        weights: (wx, wy, ww, wh), by which the network's numbers are divided.

    Shapes: deltas (N, A, 4·K) and boxes (N, A, 4) to (N, A, 4), or (N, A, K, 4) for K classes; corners in pixels.
    """

    def __init__(self, weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, deltas: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        boxes = boxes.to(deltas.dtype)
        left, top, right, bottom = boxes.unsqueeze(2).unbind(-1)  # each (N, A, 1)
        width, height = right - left, bottom - top
        x, y = left + 0.5 * width, top + 0.5 * height
        wx, wy, ww, wh = self.weights
        limit = math.log(LARGEST_GROWTH)
        dx, dy, dw, dh = deltas.unflatten(2, (-1, 4)).unbind(-1)  # each (N, A, K)
        x, y = dx / wx * width + x, dy / wy * height + y
        width = torch.exp((dw / ww).clamp(max=limit)) * width
        height = torch.exp((dh / wh).clamp(max=limit)) * height
        half_width, half_height = 0.5 * width, 0.5 * height
        result = torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], dim=-1)
        return result.squeeze(2) if deltas.shape[2] == 4 else result

    def extra_repr(self) -> str:
        return f"weights={self.weights}"
