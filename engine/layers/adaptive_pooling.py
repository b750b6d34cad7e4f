"""Pooling to a chosen output size; size 1 is global pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.fields import Size1d, Size2d, Size3d, Sizes, per_axis, times
from engine.layers.windows import AXES, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Adaptive(Layer):
    category: ClassVar[Category] = "pooling"
    axes: ClassVar[int]

    output_size: Sizes = Field(1, description="Size that comes out; 1 pools everything.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        spatial_shape(self.label, input_shapes[0], self.axes)
        return getattr(nn, self.label)(self.output_size)

    def summary(self) -> str:
        sizes = per_axis(self.output_size, self.axes)
        return "global" if set(sizes) == {1} else f"to {times(sizes)}"

    def formula(self, *input_shapes: Shape) -> str:
        size = spatial_shape(self.label, input_shapes[0], self.axes)[1:]
        pairs = zip(AXES[self.axes], size, per_axis(self.output_size, self.axes), strict=True)
        return "\n".join(f"{name}: {w} to {o}, windows of about {w / o:.3g}" for name, w, o in pairs)


@register("AdaptiveAvgPool1d")
class AdaptiveAvgPool1d(_Adaptive):
    """Averages a sequence into a fixed length, whatever comes in; length 1 is global average pooling."""

    label: ClassVar[str] = "AdaptiveAvgPool1d"
    icon: ClassVar[str] = "pool_average"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("global average pooling", "gap", "adaptive", "mean", "sequence")

    output_size: Size1d = Field(1, description="Length that comes out.")


@register("AdaptiveAvgPool2d")
class AdaptiveAvgPool2d(_Adaptive):
    """Averages into a fixed output size, whatever comes in; size 1 is global average pooling.

    Global average pooling before the last dense layer replaces millions of weights by none (Lin et al. 2013) and lets
    the network take pictures of any size.
    """

    label: ClassVar[str] = "AdaptiveAvgPool2d"
    icon: ClassVar[str] = "pool_average"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("global average pooling", "gap", "adaptive", "mean")

    output_size: Size2d = Field(1, description="Height and width that come out.")


@register("AdaptiveAvgPool3d")
class AdaptiveAvgPool3d(_Adaptive):
    """Averages a volume or clip into a fixed output size, whatever comes in; size 1 is global average pooling."""

    label: ClassVar[str] = "AdaptiveAvgPool3d"
    icon: ClassVar[str] = "pool_average"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("global average pooling", "gap", "adaptive", "mean", "volume", "video")

    output_size: Size3d = Field(1, description="Depth, height and width that come out.")


@register("AdaptiveMaxPool1d")
class AdaptiveMaxPool1d(_Adaptive):
    """Takes maxima of a sequence into a fixed length, whatever comes in; length 1 is global max pooling."""

    label: ClassVar[str] = "AdaptiveMaxPool1d"
    icon: ClassVar[str] = "pool_max"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("global max pooling", "adaptive", "sequence")

    output_size: Size1d = Field(1, description="Length that comes out.")


@register("AdaptiveMaxPool2d")
class AdaptiveMaxPool2d(_Adaptive):
    """Takes maxima into a fixed output size, whatever comes in; size 1 is global max pooling."""

    label: ClassVar[str] = "AdaptiveMaxPool2d"
    icon: ClassVar[str] = "pool_max"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("global max pooling", "adaptive")

    output_size: Size2d = Field(1, description="Height and width that come out.")


@register("AdaptiveMaxPool3d")
class AdaptiveMaxPool3d(_Adaptive):
    """Takes maxima of a volume or clip into a fixed output size, whatever comes in; size 1 is global max pooling."""

    label: ClassVar[str] = "AdaptiveMaxPool3d"
    icon: ClassVar[str] = "pool_max"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("global max pooling", "adaptive", "volume", "video")

    output_size: Size3d = Field(1, description="Depth, height and width that come out.")
