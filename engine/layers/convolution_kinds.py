"""The two halves of a separable convolution, as layers of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.convolution import Conv2d
from engine.layers.fields import ConvPadding, Count, PaddingMode, Size2d, times
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("DepthwiseConv2d")
class DepthwiseConv2d(Layer):
    """One filter for each channel: every feature map is filtered by itself, and the maps do not mix.

    A convolution with as many groups as channels. It costs C times less than a full one; a PointwiseConv2d after it
    mixes the channels, and both together make a depthwise separable convolution (Xception, MobileNet).
    Parameters: C·m·(F·F + 1).
    """

    label: ClassVar[str] = "DepthwiseConv2d"
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution_depthwise"
    keywords: ClassVar[tuple[str, ...]] = ("separable", "mobilenet", "xception", "grouped", "conv")

    multiplier: Count = Field(1, description="Filters for each channel, m.")
    kernel_size: Size2d = Field(3, description="Height and width F of each filter, in pixels.")
    stride: Size2d = Field(1, description="How far the filter moves between positions, S.")
    padding: ConvPadding = Field(
        "same", description="Rows added around the picture: valid adds none, same keeps the size, full adds F − 1."
    )
    dilation: Size2d = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")
    bias: bool = Field(True, description="Add one trainable number per filter.")
    padding_mode: PaddingMode = Field("zeros", description="What the added rows hold.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        picture_shape(self.label, input_shapes[0])
        return self._as_convolution(input_shapes[0][0]).build(*input_shapes)

    def _as_convolution(self, channels: int) -> Conv2d:
        rest = self.model_dump(exclude={"multiplier"})
        return Conv2d(out_channels=channels * self.multiplier, groups=channels, **rest)

    def summary(self) -> str:
        more = f" · {self.multiplier} each" if self.multiplier > 1 else ""
        tail = self._as_convolution(1).summary().split(" · ")[2:4]
        return f"{times(self.kernel_size)}{more} · {' · '.join(tail)}"

    def formula(self, *input_shapes: Shape) -> str:
        return self._as_convolution(input_shapes[0][0]).formula(*input_shapes)


@register("PointwiseConv2d")
class PointwiseConv2d(Layer):
    """A 1×1 convolution: at every pixel a Linear layer over the channels, which it mixes, adds or takes away.

    It sees no neighbourhood. Inception and bottleneck blocks narrow the channels with it before a costly convolution; a
    picture of any size can be classified pixel by pixel with it. Parameters: K·(C + 1).
    """

    label: ClassVar[str] = "PointwiseConv2d"
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution_pointwise"
    keywords: ClassVar[tuple[str, ...]] = ("1×1", "1x1", "separable", "bottleneck", "projection", "conv")

    out_channels: Count = Field(16, description="Number of feature maps that come out.")
    stride: Size2d = Field(
        1, description="How far it moves between pixels, S; 1 takes every pixel, 2 every second one."
    )
    bias: bool = Field(True, description="Add one trainable number per feature map.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        picture_shape(self.label, input_shapes[0])
        return self._as_convolution().build(*input_shapes)

    def _as_convolution(self) -> Conv2d:
        return Conv2d(kernel_size=1, **self.model_dump())

    def summary(self) -> str:
        return self._as_convolution().summary().removesuffix(" · valid")

    def formula(self, *input_shapes: Shape) -> str:
        return self._as_convolution().formula(*input_shapes)
