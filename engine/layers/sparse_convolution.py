"""Convolution in which each feature map sees chosen input maps only, as in LeNet-5's C3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Margin, Size2d, pair, times
from engine.layers.windows import check_fits, picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

LENET5_C3 = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Table I of LeCun et al. 1998: the input maps of each of the 16 maps of C3."""


@register("SparseConv2d")
class SparseConv2d(Layer):
    """A convolution whose feature maps each see only some of the input maps, listed in a connection table.

    LeNet-5 (LeCun et al. 1998, table I) uses it in C3 for two reasons: fewer connections, and broken symmetry, so
    that maps have to learn different things because they are given different inputs. Dropout serves the second purpose
    today. Only the connections in the table have weights: with 5×5 filters LeNet's 60 connections make
    60·25 + 16 = 1,516 parameters.
    """

    label: ClassVar[str] = "SparseConv2d"
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution_sparse"
    keywords: ClassVar[tuple[str, ...]] = ("lenet", "connection table", "c3")

    connections: tuple[tuple[Annotated[int, Field(ge=0, le=4095)], ...], ...] = Field(
        LENET5_C3,
        min_length=1,
        max_length=4096,
        description="For each feature map, the input maps that it sees.",
    )
    kernel_size: Size2d = Field(5, description="Height and width of each filter, in pixels.")
    stride: Size2d = Field(1, description="How far the filter moves between positions.")
    padding: Margin = Field(0, description="Rows of zeros added on every side.")
    bias: bool = Field(True, description="Add one trainable number per feature map.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.sparse_conv import SparseConv2d as Module

        channels, height, width = picture_shape(self.label, input_shapes[0])
        needed = max((max(row) for row in self.connections if row), default=0) + 1
        if needed > channels:
            raise BadInput(
                f"The connection table names input map {needed - 1}, but only {channels} maps come in "
                f"(0 to {channels - 1}).",
                "Shorten the table, or give the layer before it more filters.",
            )
        check_fits(self.label, (height, width), pair(self.kernel_size), (self.padding, self.padding))
        return Module(channels, self.connections, pair(self.kernel_size), pair(self.stride), self.padding, self.bias)

    def summary(self) -> str:
        count = sum(len(row) for row in self.connections)
        return f"{len(self.connections)} maps · {times(self.kernel_size)} · {count} connections"

    def formula(self, *input_shapes: Shape) -> str:
        count = sum(len(row) for row in self.connections)
        kernel = pair(self.kernel_size)
        bias = len(self.connections) if self.bias else 0
        total = count * kernel[0] * kernel[1] + bias
        return f"parameters = {count}·{kernel[0]}·{kernel[1]} + {bias} = {total:,}"
