"""Convolution over sequences, pictures and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import (
    ConvPadding,
    ConvPadding1d,
    ConvPadding3d,
    Count,
    PaddingMode,
    Size1d,
    Size2d,
    Size3d,
    Sizes,
    per_axis,
    spoken,
    times,
)
from engine.layers.windows import check_fits, check_groups, effective, output_lines, shown, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Conv(Layer):
    """What convolutions of one, two and three dimensions share; `axes` says how many."""

    category: ClassVar[Category] = "convolution"
    icon: ClassVar[str] = "convolution"
    axes: ClassVar[int]

    out_channels: Count = Field(
        16, description="Number of filters K, which is the number of feature maps that come out."
    )
    kernel_size: Sizes = Field(3, description="Size F of each filter; one number, or one for each axis.")
    stride: Sizes = Field(1, description="How far the filter moves between positions, S.")
    padding: str | Sizes = Field(
        "valid",
        description="Rows added around the input: valid adds none, same keeps the size, full adds F − 1.",
    )
    dilation: Sizes = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")
    groups: Count = Field(1, description="Split the channels into this many independent convolutions.")
    bias: bool = Field(True, description="Add one trainable number per filter.")
    padding_mode: PaddingMode = Field("zeros", description="What the added rows hold.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        check_groups(self.label, channels, self.out_channels, self.groups)
        padding = self.explicit_padding()
        if not isinstance(padding, str):
            before = per_axis(padding, self.axes)
            check_fits(self.label, tuple(size), self._reach(), before)
            check_padding_mode(self.label, self.padding_mode, tuple(size), before)
        kind = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[self.axes]
        return kind(
            channels,
            self.out_channels,
            self.kernel_size,  # type: ignore[arg-type]
            stride=self.stride,  # type: ignore[arg-type]
            padding=padding,  # type: ignore[arg-type]
            dilation=self.dilation,  # type: ignore[arg-type]
            groups=self.groups,
            bias=self.bias,
            padding_mode=self.padding_mode,
        )

    def _reach(self) -> tuple[int, ...]:
        return effective(self.kernel_size, self.dilation, self.axes)

    def explicit_padding(self) -> str | Sizes:
        """PyTorch's `padding` argument; its own "same" serves even kernels, which need unequal sides."""
        if not isinstance(self.padding, str):
            return self.padding
        if self.padding == "valid":
            return 0
        reach = tuple(size - 1 for size in self._reach())
        if self.padding == "full":
            return _short(reach)
        if any(size % 2 for size in reach):
            if set(per_axis(self.stride, self.axes)) != {1}:
                raise BadInput(
                    f"Same padding needs an odd kernel when the stride is above 1, but the kernel is "
                    f"{times(self.kernel_size, self.axes)}.",
                    "Choose an odd kernel size or type the padding as a number.",
                )
            return "same"
        return _short(tuple(size // 2 for size in reach))

    def summary(self) -> str:
        parts = [
            f"{self.out_channels} filters",
            times(self.kernel_size, self.axes),
            f"stride {spoken(self.stride)}",
            padding_words(self.padding),
        ]
        if set(per_axis(self.dilation, self.axes)) != {1}:
            parts.append(f"dilation {spoken(self.dilation)}")
        if self.groups > 1:
            parts.append(f"{self.groups} groups")
        return " · ".join(parts)

    def formula(self, *input_shapes: Shape) -> str:
        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        padding = self.explicit_padding()
        raw = per_axis(self.kernel_size, self.axes)
        area = "·".join(str(one) for one in raw)
        bias = " + 1" if self.bias else ""
        weights = f"{self.out_channels}·({area}·{channels // self.groups}{bias})"
        count = self.out_channels * (_product(raw) * (channels // self.groups) + int(self.bias))
        lines = []
        if not isinstance(padding, str):
            stride = per_axis(self.stride, self.axes)
            lines = output_lines(tuple(size), self._reach(), per_axis(padding, self.axes), stride)
        return "\n".join([*lines, f"parameters = {weights} = {count:,}"])


@register("Conv1d")
class Conv1d(_Conv):
    """Slides small filters along a sequence, such as a sound, a signal or a sentence of vectors.

    Each filter looks for one pattern in time and writes one feature channel. The same weights are used at every
    moment, so a pattern is found whenever it comes. With dilation, a few layers hear far back.

    Output length: ⌊(W − F + 2P)/S⌋ + 1. Parameters: K·(F·C/groups + 1).
    """

    label: ClassVar[str] = "Conv1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("convolution", "filter", "kernel", "sequence", "signal", "temporal", "tcn")

    kernel_size: Size1d = Field(3, description="Length F of each filter.")
    stride: Size1d = Field(1, description="How far the filter moves between positions, S.")
    padding: ConvPadding1d = Field(
        "valid", description="Steps added at both ends: valid adds none, same keeps the length, full adds F − 1."
    )
    dilation: Size1d = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")


@register("Conv2d")
class Conv2d(_Conv):
    """Slides small filters over the picture; each filter looks for one pattern and writes a feature map.

    At every position the filter's weights are multiplied with the values below them and summed, over all input
    channels, and the bias is added. The same weights are used everywhere, so a pattern is found wherever it is
    (translation equivariance), with few parameters. Deep learning says convolution for what is strictly a
    cross-correlation: the kernel is not flipped.

    Output size: ⌊(W − F + 2P)/S⌋ + 1. Parameters: K·(F·F·C/groups + 1).
    """

    label: ClassVar[str] = "Conv2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("convolution", "filter", "kernel", "depthwise", "pointwise", "grouped")

    kernel_size: Size2d = Field(3, description="Height and width F of each filter, in pixels.")
    stride: Size2d = Field(1, description="How far the filter moves between positions, S.")
    padding: ConvPadding = Field(
        "valid",
        description="Rows added around the picture: valid adds none, same keeps the size, full adds F − 1.",
    )
    dilation: Size2d = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")


@register("Conv3d")
class Conv3d(_Conv):
    """Slides small filters through a volume: a scan made of slices, or a clip made of frames.

    Each filter sees a little block in depth (or time), height and width, so that in a clip it can find a movement,
    which no filter on single frames can. It costs F times as much as Conv2d.

    Output size: ⌊(W − F + 2P)/S⌋ + 1 on each axis. Parameters: K·(F·F·F·C/groups + 1).
    """

    label: ClassVar[str] = "Conv3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("convolution", "filter", "kernel", "volume", "video", "voxel", "clip")

    kernel_size: Size3d = Field(3, description="Depth, height and width F of each filter.")
    stride: Size3d = Field(1, description="How far the filter moves between positions, S.")
    padding: ConvPadding3d = Field(
        "valid",
        description="Slices added around the volume: valid adds none, same keeps the size, full adds F − 1.",
    )
    dilation: Size3d = Field(1, description="Distance between the filter's taps, D; 1 means that they touch.")


def check_padding_mode(layer: str, mode: str, size: tuple[int, ...], padding: tuple[int, ...]) -> None:
    """Raise `BadInput` when a mirror or a wrap-around would need more rows than there are."""
    allowed = {"reflect": -1, "circular": 0}.get(mode)
    if allowed is not None and any(p > s + allowed for s, p in zip(size, padding, strict=True)):
        raise BadInput(
            f"{layer} cannot take {max(padding)} rows of {mode} padding from an input of {shown(size)}.",
            "Use less padding, or fill it with zeros.",
        )


def padding_words(padding: str | Sizes) -> str:
    """The padding as a card says it: "same", "valid" or "padding 2"."""
    if isinstance(padding, str):
        return padding
    none = padding == 0 or (isinstance(padding, tuple) and not any(padding))
    return "valid" if none else f"padding {spoken(padding)}"


def _short(sizes: tuple[int, ...]) -> Sizes:
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _product(sizes: tuple[int, ...]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total
