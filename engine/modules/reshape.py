"""Reshape as a module."""

from torch import nn


class Reshape(nn.Module):
    """The same values in another shape; the batch stays: (N, ...) to (N, *shape)."""

    def __init__(self, shape):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x):
        return x.reshape(x.shape[0], *self.shape)

    def extra_repr(self):
        return f"{self.shape}"
