"""Two-dimensional convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import ConvPadding, Count, PaddingMode, Size2d, pair, times

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Conv2d")
class Conv2d(Layer):
    """Slides small filters over the picture; each filter looks for one pattern and writes a feature map.

    At every position the filter's weights are multiplied with the values below them and summed, over all input
    channels, and the bias is added. The same weights are used everywhere, so a pattern is found wherever it is
    (translation equivariance), with few parameters. Deep learning says convolution for what is strictly a
    cross-correlation: the kernel is not flipped.

    Output size: ⌊(W − F + 2P)/S⌋ + 1. Parameters: K·(F·F·C/groups + 1).
    """

    label: ClassVar[str] = "Conv2d"
    category: ClassVar[Category] = "convolution"
    keywords: ClassVar[tuple[str, ...]] = (
        "convolution",
        "filter",
        "kernel",
        "depthwise",
        "pointwise",
        "grouped",
    )

    out_channels: Count = Field(
        16, description="Number of filters K, which is the number of feature maps that come out."
    )
    kernel_size: Size2d = Field(3, description="Height and width F of each filter, in pixels.")
    stride: Size2d = Field(1, description="How far the filter moves between positions, S.")
    padding: ConvPadding = Field(
        "valid",
        description="Rows added around the picture: valid adds none, same keeps the size, full adds F − 1.",
    )
    dilation: Size2d = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")
    groups: Count = Field(1, description="Split the channels into this many independent convolutions.")
    bias: bool = Field(True, description="Add one trainable number per filter.")
    padding_mode: PaddingMode = Field("zeros", description="What the added rows hold.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels, height, width = picture_shape(self.label, input_shapes[0])
        if channels % self.groups or self.out_channels % self.groups:
            raise BadInput(
                f"Conv2d cannot split {channels} input channels and {self.out_channels} filters into "
                f"{self.groups} equal groups.",
                "Choose a number of groups that divides both.",
            )
        padding = self.explicit_padding()
        if not isinstance(padding, str):
            check_fits(self.label, (height, width), effective(self.kernel_size, self.dilation), pair(padding))
        return nn.Conv2d(
            channels,
            self.out_channels,
            self.kernel_size,
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
            padding_mode=self.padding_mode,
        )

    def explicit_padding(self) -> str | int | tuple[int, int]:
        """PyTorch's `padding` argument; its own "same" serves even kernels, which need unequal sides."""
        if self.padding not in ("valid", "same", "full"):
            return self.padding
        if self.padding == "valid":
            return 0
        reach = tuple(size - 1 for size in effective(self.kernel_size, self.dilation))
        if self.padding == "full":
            return reach[0] if reach[0] == reach[1] else (reach[0], reach[1])
        if any(size % 2 for size in reach):
            if pair(self.stride) != (1, 1):
                raise BadInput(
                    f"Same padding needs an odd kernel when the stride is above 1, but the kernel is "
                    f"{times(self.kernel_size)}.",
                    "Choose an odd kernel size or type the padding as a number.",
                )
            return "same"
        half = (reach[0] // 2, reach[1] // 2)
        return half[0] if half[0] == half[1] else half

    def summary(self) -> str:
        parts = [f"{self.out_channels} filters", times(self.kernel_size), f"stride {spoken(self.stride)}"]
        if isinstance(self.padding, str):
            parts.append(self.padding)
        elif pair(self.padding) != (0, 0):
            parts.append(f"padding {spoken(self.padding)}")
        else:
            parts.append("valid")
        if pair(self.dilation) != (1, 1):
            parts.append(f"dilation {spoken(self.dilation)}")
        if self.groups > 1:
            parts.append(f"{self.groups} groups")
        return " · ".join(parts)

    def formula(self, *input_shapes: Shape) -> str:
        channels, height, width = picture_shape(self.label, input_shapes[0])
        padding = self.explicit_padding()
        kernel, stride = effective(self.kernel_size, self.dilation), pair(self.stride)
        raw = pair(self.kernel_size)
        bias = " + 1" if self.bias else ""
        weights = f"{self.out_channels}·({raw[0]}·{raw[1]}·{channels // self.groups}{bias})"
        count = self.out_channels * (raw[0] * raw[1] * (channels // self.groups) + int(self.bias))
        lines = []
        if not isinstance(padding, str):
            for name, size, f, p, s in zip(
                ("height", "width"), (height, width), kernel, pair(padding), stride, strict=True
            ):
                lines.append(f"{name} = ⌊({size} − {f} + 2·{p})/{s}⌋ + 1 = {(size - f + 2 * p) // s + 1}")
        return "\n".join([*lines, f"parameters = {weights} = {count:,}"])


def effective(kernel: int | tuple[int, int], dilation: int | tuple[int, int]) -> tuple[int, int]:
    """The reach of a dilated kernel, D(F − 1) + 1."""
    sizes = [d * (f - 1) + 1 for f, d in zip(pair(kernel), pair(dilation), strict=True)]
    return sizes[0], sizes[1]


def spoken(size: int | tuple[int, int]) -> str:
    height, width = pair(size)
    return str(height) if height == width else f"{height}×{width}"


def picture_shape(layer: str, shape: Shape) -> tuple[int, int, int]:
    """(channels, height, width), or `BadInput` when the input is not a picture."""
    if len(shape) != 3:
        given = "×".join(str(size) for size in shape) or "a single number"
        raise BadInput(
            f"{layer} expects a picture (channels × height × width) but gets {given}.",
            "Move it before Flatten, or insert a Reshape that gives three sizes.",
        )
    return shape[0], shape[1], shape[2]


def check_fits(layer: str, size: tuple[int, int], kernel: tuple[int, int], padding: tuple[int, int]) -> None:
    """Raise `BadInput` when the kernel is larger than the padded picture."""
    padded = tuple(s + 2 * p for s, p in zip(size, padding, strict=True))
    if kernel[0] > padded[0] or kernel[1] > padded[1]:
        where = "with its padding" if any(padding) else "without padding"
        raise BadInput(
            f"{layer} has a {kernel[0]}×{kernel[1]} kernel but its input is only {padded[0]}×{padded[1]} {where}.",
            "Choose a smaller kernel, add padding, or remove a stride or pooling above it.",
        )
