"""Transposed convolution: the convolution's way back, which makes a picture larger."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import (
    Count,
    Margin1d,
    Margin2d,
    Margin3d,
    Size1d,
    Size2d,
    Size3d,
    Sizes,
    per_axis,
    spoken,
    times,
)
from engine.layers.windows import AXES, check_groups, effective, shown, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _ConvTranspose(Layer):
    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "enlarge"
    axes: ClassVar[int]

    out_channels: Count = Field(16, description="Number of feature maps that come out.")
    kernel_size: Sizes = Field(2, description="Size F of the stamp that each value is spread by.")
    stride: Sizes = Field(2, description="Distance between stamps, S: how many times larger the result is.")
    padding: Sizes = Field(0, description="Rows cut off on every side of the result, P.")
    output_padding: Sizes = Field(0, description="Rows added at the end, to reach a size that S does not divide.")
    groups: Count = Field(1, description="Split the channels into this many independent convolutions.")
    bias: bool = Field(True, description="Add one trainable number per feature map.")
    dilation: Sizes = Field(1, description="Distance between the stamp's values, D; 1 means that they touch.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        check_groups(self.label, channels, self.out_channels, self.groups)
        stride, dilation = per_axis(self.stride, self.axes), per_axis(self.dilation, self.axes)
        extra = per_axis(self.output_padding, self.axes)
        if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
            raise BadInput(
                f"{self.label} has output padding {spoken(self.output_padding)}, but it must be smaller than the "
                f"stride {spoken(self.stride)} or the dilation {spoken(self.dilation)}.",
                f"Use at most {max(min(stride) - 1, 0)}.",
            )
        result = self._result(tuple(size))
        if min(result) < 1:
            raise BadInput(
                f"{self.label} cuts off more than it makes: the result would be {shown(result)}.", "Use less padding."
            )
        module: nn.Module = self._kind()(
            channels,
            self.out_channels,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            groups=self.groups,
            bias=self.bias,
            dilation=self.dilation,
        )
        return module

    def _kind(self) -> Any:
        from torch import nn

        return {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[self.axes]

    def _result(self, size: tuple[int, ...]) -> tuple[int, ...]:
        reach = effective(self.kernel_size, self.dilation, self.axes)
        given = (per_axis(one, self.axes) for one in (self.stride, self.padding, self.output_padding))
        return tuple((w - 1) * s - 2 * p + f + o for w, f, s, p, o in zip(size, reach, *given, strict=True))

    def summary(self) -> str:
        parts = [f"{self.out_channels} maps", times(self.kernel_size, self.axes), f"stride {spoken(self.stride)}"]
        for name, value in (("padding", self.padding), ("output padding", self.output_padding)):
            if any(per_axis(value, self.axes)):
                parts.append(f"{name} {spoken(value)}")
        return " · ".join(parts)

    def formula(self, *input_shapes: Shape) -> str:
        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        reach = effective(self.kernel_size, self.dilation, self.axes)
        given = (per_axis(one, self.axes) for one in (self.stride, self.padding, self.output_padding))
        lines = [
            f"{name} = ({w} − 1)·{s} − 2·{p} + {f} + {o} = {(w - 1) * s - 2 * p + f + o}"
            for name, w, f, s, p, o in zip(AXES[self.axes], size, reach, *given, strict=True)
        ]
        raw = per_axis(self.kernel_size, self.axes)
        each = self.out_channels // self.groups
        count = channels * each * prod(raw) + (self.out_channels if self.bias else 0)
        bias = f" + {self.out_channels}" if self.bias else ""
        area = "·".join(str(one) for one in raw)
        return "\n".join([*lines, f"parameters = {channels}·{each}·{area}{bias} = {count:,}"])


@register("ConvTranspose1d")
class ConvTranspose1d(_ConvTranspose):
    """Makes a sequence longer with learned weights: every value is spread over F steps, and what overlaps is added.

    Length: (W − 1)·S − 2P + D·(F − 1) + 1 + output padding.
    """

    label: ClassVar[str] = "ConvTranspose1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("deconvolution", "upsample", "fractionally strided")

    kernel_size: Size1d = Field(2, description="Length F of the stamp that each value is spread by.")
    stride: Size1d = Field(2, description="Distance between stamps, S: how many times longer the result is.")
    padding: Margin1d = Field(0, description="Steps cut off at both ends of the result, P.")
    output_padding: Margin1d = Field(0, description="Steps added at the end, to reach a length that S does not divide.")
    dilation: Size1d = Field(1, description="Distance between the stamp's values, D; 1 means that they touch.")


@register("ConvTranspose2d")
class ConvTranspose2d(_ConvTranspose):
    """Makes a picture larger with learned weights: every pixel stamps an F×F pattern, and what overlaps is added.

    It is what a convolution's backward pass does with the error, hence transposed; the name deconvolution is common
    and wrong. U-Net, FCN and the generators of DCGAN grow their pictures with it. When F is not a multiple of S the
    stamps overlap unevenly and leave a checkerboard; a kernel of 2 or 4 with stride 2 does not.

    Output size: (W − 1)·S − 2P + D·(F − 1) + 1 + output padding. Parameters: C·K/groups·F·F + K.
    """

    label: ClassVar[str] = "ConvTranspose2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("deconvolution", "upconvolution", "upsample", "fractionally strided", "unet")

    kernel_size: Size2d = Field(2, description="Height and width F of the stamp that each pixel is spread by.")
    stride: Size2d = Field(2, description="Distance between stamps, S: how many times larger the result is.")
    padding: Margin2d = Field(0, description="Rows cut off on every side of the result, P.")
    output_padding: Margin2d = Field(0, description="Rows added at the end, to reach a size that S does not divide.")
    dilation: Size2d = Field(1, description="Distance between the stamp's values, D; 1 means that they touch.")
    initialisation: Literal["random", "bilinear"] = Field(
        "random", description="Begin with random weights, or as bilinear enlargement (FCN): F is then twice S."
    )

    def _kind(self) -> Any:
        if self.initialisation == "random":
            return super()._kind()
        from engine.modules.bilinear import BilinearConvTranspose2d

        return BilinearConvTranspose2d

    def summary(self) -> str:
        return super().summary() + (" · begins bilinear" if self.initialisation == "bilinear" else "")


@register("ConvTranspose3d")
class ConvTranspose3d(_ConvTranspose):
    """Makes a volume larger with learned weights: every voxel stamps an F×F×F pattern, and what overlaps is added.

    Output size: (W − 1)·S − 2P + D·(F − 1) + 1 + output padding on each axis.
    """

    label: ClassVar[str] = "ConvTranspose3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("deconvolution", "upsample", "fractionally strided", "voxel")

    kernel_size: Size3d = Field(2, description="Depth, height and width F of the stamp that each voxel is spread by.")
    stride: Size3d = Field(2, description="Distance between stamps, S: how many times larger the result is.")
    padding: Margin3d = Field(0, description="Slices cut off on every side of the result, P.")
    output_padding: Margin3d = Field(0, description="Slices added at the end, to reach a size that S does not divide.")
    dilation: Size3d = Field(1, description="Distance between the stamp's values, D; 1 means that they touch.")
