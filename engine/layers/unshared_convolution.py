"""Convolutions whose weights are not the same everywhere: unshared and tiled."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.fields import (
    Count,
    Extent,
    Margin1d,
    Margin2d,
    Size1d,
    Size2d,
    Sizes,
    pair,
    per_axis,
    spoken,
    times,
)
from engine.layers.windows import check_fits, output_lines, picture_shape, shown, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _LocallyConnected(Layer):
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution_own"
    axes: ClassVar[int]

    out_channels: Count = Field(8, description="Number of filters at each position, K.")
    kernel_size: Sizes = Field(3, description="Size F of each filter.")
    stride: Sizes = Field(1, description="Distance between positions, S.")
    padding: Sizes = Field(0, description="Rows of zeros added on every side, P.")
    bias: bool = Field(True, description="Add one trainable number per filter and position.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        import engine.modules.locally_connected

        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        kernel, padding = per_axis(self.kernel_size, self.axes), per_axis(self.padding, self.axes)
        check_fits(self.label, tuple(size), kernel, padding)
        kind: Any = getattr(engine.modules.locally_connected, self.label)
        given = (self.kernel_size, self.stride, self.padding, self.bias)
        return kind(channels, self.out_channels, size[0] if self.axes == 1 else tuple(size), *given)

    def _positions(self, shape: Shape) -> tuple[int, ...]:
        kernel, stride, padding = (per_axis(v, self.axes) for v in (self.kernel_size, self.stride, self.padding))
        return tuple((w - f + 2 * p) // s + 1 for w, f, s, p in zip(shape[1:], kernel, stride, padding, strict=True))

    def summary(self) -> str:
        parts = [f"{self.out_channels} filters", times(self.kernel_size, self.axes), f"stride {spoken(self.stride)}"]
        return " · ".join([*parts, "own weights everywhere"])

    def formula(self, *input_shapes: Shape) -> str:
        shape = spatial_shape(self.label, input_shapes[0], self.axes)
        kernel, stride, padding = (per_axis(v, self.axes) for v in (self.kernel_size, self.stride, self.padding))
        positions = self._positions(shape)
        count = prod(positions) * self.out_channels * (prod(kernel) * shape[0] + int(self.bias))
        area = "·".join(str(one) for one in kernel)
        bias = " + 1" if self.bias else ""
        weights = f"{shown(positions)} positions · {self.out_channels}·({area}·{shape[0]}{bias})"
        return "\n".join([*output_lines(shape[1:], kernel, padding, stride), f"parameters = {weights} = {count:,}"])


@register("LocallyConnected1d")
class LocallyConnected1d(_LocallyConnected):
    """A convolution along a sequence with weights of its own at every position (unshared convolution).

    Parameters: positions·K·(F·C + 1), so it fits one length only.
    """

    label: ClassVar[str] = "LocallyConnected1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("unshared", "convolution", "local", "sequence")

    kernel_size: Size1d = Field(3, description="Length F of each filter.")
    stride: Size1d = Field(1, description="Distance between positions, S.")
    padding: Margin1d = Field(0, description="Steps of zeros added at both ends, P.")


@register("LocallyConnected2d")
class LocallyConnected2d(_LocallyConnected):
    """A convolution with weights of its own at every position: unshared convolution, or locally connected layer.

    Neurons still see a small window each, but look for something else in each place. That suits pictures in which
    every place has its meaning, such as faces that have been aligned (DeepFace 2014), and costs as many times the
    weights as there are positions. Parameters: positions·K·(F·F·C + 1); it fits one picture size only.
    """

    label: ClassVar[str] = "LocallyConnected2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("unshared", "convolution", "local", "deepface")

    kernel_size: Size2d = Field(3, description="Height and width F of each filter, in pixels.")
    stride: Size2d = Field(1, description="Distance between positions, S.")
    padding: Margin2d = Field(0, description="Rows of zeros added on every side, P.")


@register("TiledConv2d")
class TiledConv2d(Layer):
    """A convolution with t×t sets of filters that take turns: neighbours differ, and t pixels on they are the same.

    Between a convolution (t = 1: one set everywhere) and an unshared one (a set for every position). Since neighbouring
    units differ, pooling over them can learn to be blind to more than shifts, for example to rotation (Le et al. 2010,
    Tiled convolutional neural networks). Parameters: t·t·K·(F·F·C + 1).
    """

    label: ClassVar[str] = "TiledConv2d"
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution_tiled"
    keywords: ClassVar[tuple[str, ...]] = ("tiled", "convolution", "untied weights", "cycle")

    out_channels: Count = Field(16, description="Number of filters in each set, K.")
    kernel_size: Size2d = Field(3, description="Height and width F of each filter, in pixels.")
    tiles: Extent = Field(2, description="How many positions it takes until the same set comes again, t, on each axis.")
    stride: Size2d = Field(1, description="How far the filter moves between positions, S.")
    padding: Margin2d = Field(0, description="Rows of zeros added on every side, P.")
    bias: bool = Field(True, description="Add one trainable number per filter of each set.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.tiled_conv import TiledConv2d as Module

        channels, height, width = picture_shape(self.label, input_shapes[0])
        check_fits(self.label, (height, width), pair(self.kernel_size), pair(self.padding))
        given = (self.kernel_size, self.tiles, self.stride, self.padding, self.bias)
        return Module(channels, self.out_channels, *given)

    def summary(self) -> str:
        return f"{self.out_channels} filters · {times(self.kernel_size)} · {self.tiles}×{self.tiles} tiles"

    def formula(self, *input_shapes: Shape) -> str:
        channels, *size = picture_shape(self.label, input_shapes[0])
        kernel, stride, padding = pair(self.kernel_size), pair(self.stride), pair(self.padding)
        t = self.tiles
        count = t * t * self.out_channels * (kernel[0] * kernel[1] * channels + int(self.bias))
        bias = " + 1" if self.bias else ""
        weights = f"{t}·{t}·{self.out_channels}·({kernel[0]}·{kernel[1]}·{channels}{bias})"
        return "\n".join([*output_lines(tuple(size), kernel, padding, stride), f"parameters = {weights} = {count:,}"])
