"""Pooling over windows of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.convolution import check_fits, effective, picture_shape, spoken
from engine.layers.fields import Margin2d, Size2d, pair, times

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Pool2d(Layer):
    """What max and average pooling share."""

    category: ClassVar[Category] = "pooling"

    kernel_size: Size2d = Field(2, description="Height and width of the window F, in pixels.")
    stride: Size2d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin2d = Field(0, description="Rows added on every side; at most half the window.")
    ceil_mode: bool = Field(False, description="Round the output size up, so that the last partial window counts.")

    def _check(self, shape: Shape, dilation: int | tuple[int, int] = 1) -> None:
        _, height, width = picture_shape(self.label, shape)
        kernel, padding = pair(self.kernel_size), pair(self.padding)
        if any(2 * p > f for f, p in zip(kernel, padding, strict=True)):
            raise BadInput(
                f"{self.label} has padding {spoken(self.padding)} for a {times(self.kernel_size)} window.",
                f"Use at most half the window: {min(kernel) // 2}.",
            )
        check_fits(self.label, (height, width), effective(self.kernel_size, dilation), padding)

    def summary(self) -> str:
        stride = self.kernel_size if self.stride is None else self.stride
        parts = [times(self.kernel_size), f"stride {spoken(stride)}"]
        if pair(self.padding) != (0, 0):
            parts.append(f"padding {spoken(self.padding)}")
        return " · ".join(parts)

    def formula(self, *input_shapes: Shape) -> str:
        _, height, width = picture_shape(self.label, input_shapes[0])
        stride = pair(self.kernel_size if self.stride is None else self.stride)
        round_, close = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        return "\n".join(
            f"{name} = {round_}({size} − {f} + 2·{p})/{s}{close} + 1"
            for name, size, f, p, s in zip(
                ("height", "width"),
                (height, width),
                pair(self.kernel_size),
                pair(self.padding),
                stride,
                strict=True,
            )
        )


@register("MaxPool2d")
class MaxPool2d(_Pool2d):
    """Keeps the largest value of each window and forgets the rest.

    The picture shrinks, later filters see a larger part of it, and small shifts matter a little less. It has no
    parameters; backwards, each error goes to the place that won. With F > S the windows overlap (AlexNet).
    """

    label: ClassVar[str] = "MaxPool2d"
    keywords: ClassVar[tuple[str, ...]] = ("maximum", "subsample", "downsample", "overlapping")

    dilation: Size2d = Field(1, description="Distance between the window's taps.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(input_shapes[0], self.dilation)
        return nn.MaxPool2d(
            self.kernel_size, self.stride, self.padding, dilation=self.dilation, ceil_mode=self.ceil_mode
        )


@register("AvgPool2d")
class AvgPool2d(_Pool2d):
    """Replaces each window by its mean.

    A calm way to shrink a picture: everything counts a little. LeNet-5's modern form uses it where the 1998 network had
    trainable subsampling. It has no parameters.
    """

    label: ClassVar[str] = "AvgPool2d"
    keywords: ClassVar[tuple[str, ...]] = ("average", "mean", "subsample", "downsample")

    count_include_pad: bool = Field(True, description="Count the added zeros in the mean.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(input_shapes[0])
        return nn.AvgPool2d(
            self.kernel_size,
            self.stride,
            self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )


@register("AdaptiveAvgPool2d")
class AdaptiveAvgPool2d(Layer):
    """Averages into a fixed output size, whatever comes in; size 1 is global average pooling.

    Global average pooling before the last dense layer replaces millions of weights by none (Lin et al. 2013) and lets
    the network take pictures of any size.
    """

    label: ClassVar[str] = "AdaptiveAvgPool2d"
    category: ClassVar[Category] = "pooling"
    keywords: ClassVar[tuple[str, ...]] = ("global average pooling", "gap", "adaptive", "mean")

    output_size: Size2d = Field(1, description="Height and width that come out.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        picture_shape(self.label, input_shapes[0])
        return nn.AdaptiveAvgPool2d(self.output_size)

    def summary(self) -> str:
        return "global" if pair(self.output_size) == (1, 1) else f"to {times(self.output_size)}"


@register("AdaptiveMaxPool2d")
class AdaptiveMaxPool2d(Layer):
    """Takes maxima into a fixed output size, whatever comes in; size 1 is global max pooling."""

    label: ClassVar[str] = "AdaptiveMaxPool2d"
    category: ClassVar[Category] = "pooling"
    keywords: ClassVar[tuple[str, ...]] = ("global max pooling", "adaptive")

    output_size: Size2d = Field(1, description="Height and width that come out.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        picture_shape(self.label, input_shapes[0])
        return nn.AdaptiveMaxPool2d(self.output_size)

    def summary(self) -> str:
        return "global" if pair(self.output_size) == (1, 1) else f"to {times(self.output_size)}"
