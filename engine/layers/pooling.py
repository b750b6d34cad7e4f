"""Pooling over windows of a sequence, a picture or a volume: maximum, average and sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import (
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
from engine.layers.windows import AXES, check_fits, effective, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Pool(Layer):
    """What pooling of one, two and three dimensions shares; `axes` says how many."""

    category: ClassVar[Category] = "pooling"
    axes: ClassVar[int]

    kernel_size: Sizes = Field(2, description="Size of the window F.")
    stride: Sizes | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Sizes = Field(0, description="Rows added on every side; at most half the window.")
    ceil_mode: bool = Field(False, description="Round the output size up, so that the last partial window counts.")

    def _check(self, shape: Shape, dilation: Sizes = 1) -> None:
        size = spatial_shape(self.label, shape, self.axes)[1:]
        kernel, padding = per_axis(self.kernel_size, self.axes), per_axis(self.padding, self.axes)
        if any(2 * p > f for f, p in zip(kernel, padding, strict=True)):
            raise BadInput(
                f"{self.label} has padding {spoken(self.padding)} for a {times(kernel)} window.",
                f"Use at most half the window: {min(kernel) // 2}.",
            )
        check_fits(self.label, size, effective(kernel, dilation, self.axes), padding)

    def _stride(self) -> tuple[int, ...]:
        return per_axis(self.kernel_size if self.stride is None else self.stride, self.axes)

    def summary(self) -> str:
        parts = [times(self.kernel_size, self.axes), f"stride {spoken(self._stride())}"]
        if any(per_axis(self.padding, self.axes)):
            parts.append(f"padding {spoken(self.padding)}")
        return " · ".join(parts)

    def formula(self, *input_shapes: Shape) -> str:
        size = spatial_shape(self.label, input_shapes[0], self.axes)[1:]
        reach = effective(self.kernel_size, getattr(self, "dilation", 1), self.axes)
        round_, close = ("⌈", "⌉") if self.ceil_mode else ("⌊", "⌋")
        rows = zip(AXES[self.axes], size, reach, per_axis(self.padding, self.axes), self._stride(), strict=True)
        return "\n".join(f"{name} = {round_}({w} − {f} + 2·{p})/{s}{close} + 1" for name, w, f, p, s in rows)


class _MaxPool(_Pool):
    icon: ClassVar[str] = "pool_max"

    dilation: Sizes = Field(1, description="Distance between the window's taps.")
    return_indices: bool = Field(
        False, description="Give the switches as well: the place of each maximum, which MaxUnpool needs."
    )

    def output_ports(self) -> tuple[str, ...]:
        return ("out", "indices") if self.return_indices else ("out",)

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(input_shapes[0], self.dilation)
        kind = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[self.axes]
        return kind(
            self.kernel_size,
            self.stride,
            self.padding,
            dilation=self.dilation,
            return_indices=self.return_indices,
            ceil_mode=self.ceil_mode,
        )

    def summary(self) -> str:
        return super().summary() + (" · with switches" if self.return_indices else "")


@register("MaxPool1d")
class MaxPool1d(_MaxPool):
    """Keeps the largest value of each window of a sequence and forgets the rest, so the sequence becomes shorter."""

    label: ClassVar[str] = "MaxPool1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("maximum", "subsample", "downsample", "sequence")

    kernel_size: Size1d = Field(2, description="Length of the window F.")
    stride: Size1d | None = Field(None, description="How far the window moves, S; empty means as far as it is long.")
    padding: Margin1d = Field(0, description="Steps added at both ends; at most half the window.")
    dilation: Size1d = Field(1, description="Distance between the window's taps.")


@register("MaxPool2d")
class MaxPool2d(_MaxPool):
    """Keeps the largest value of each window and forgets the rest.

    The picture shrinks, later filters see a larger part of it, and small shifts matter a little less. It has no
    parameters; backwards, each error goes to the place that won. With F > S the windows overlap (AlexNet). The places
    that won, called switches, can be passed on to MaxUnpool2d.
    """

    label: ClassVar[str] = "MaxPool2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("maximum", "subsample", "downsample", "overlapping", "switches", "indices")

    kernel_size: Size2d = Field(2, description="Height and width of the window F, in pixels.")
    stride: Size2d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin2d = Field(0, description="Rows added on every side; at most half the window.")
    dilation: Size2d = Field(1, description="Distance between the window's taps.")


@register("MaxPool3d")
class MaxPool3d(_MaxPool):
    """Keeps the largest value of each block of a volume or clip and forgets the rest."""

    label: ClassVar[str] = "MaxPool3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("maximum", "subsample", "downsample", "volume", "video")

    kernel_size: Size3d = Field(2, description="Depth, height and width of the window F.")
    stride: Size3d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin3d = Field(0, description="Slices added on every side; at most half the window.")
    dilation: Size3d = Field(1, description="Distance between the window's taps.")


class _AvgPool(_Pool):
    icon: ClassVar[str] = "pool_average"

    count_include_pad: bool = Field(True, description="Count the added zeros in the mean.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(input_shapes[0])
        kind = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}[self.axes]
        return kind(
            self.kernel_size,
            self.stride,
            self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )


@register("AvgPool1d")
class AvgPool1d(_AvgPool):
    """Replaces each window of a sequence by its mean, so the sequence becomes shorter and smoother."""

    label: ClassVar[str] = "AvgPool1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("average", "mean", "subsample", "downsample", "sequence")

    kernel_size: Size1d = Field(2, description="Length of the window F.")
    stride: Size1d | None = Field(None, description="How far the window moves, S; empty means as far as it is long.")
    padding: Margin1d = Field(0, description="Steps added at both ends; at most half the window.")


@register("AvgPool2d")
class AvgPool2d(_AvgPool):
    """Replaces each window by its mean, a calm way to shrink a picture: everything counts a little.

    LeNet-5's modern form uses it where the 1998 network had trainable subsampling. It has no parameters.
    """

    label: ClassVar[str] = "AvgPool2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("average", "mean", "subsample", "downsample")

    kernel_size: Size2d = Field(2, description="Height and width of the window F, in pixels.")
    stride: Size2d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin2d = Field(0, description="Rows added on every side; at most half the window.")


@register("AvgPool3d")
class AvgPool3d(_AvgPool):
    """Replaces each block of a volume or clip by its mean."""

    label: ClassVar[str] = "AvgPool3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("average", "mean", "subsample", "downsample", "volume", "video")

    kernel_size: Size3d = Field(2, description="Depth, height and width of the window F.")
    stride: Size3d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin3d = Field(0, description="Slices added on every side; at most half the window.")


class _SumPool(_Pool):
    icon: ClassVar[str] = "pool_sum"

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.sum_pool import SumPool1d, SumPool2d, SumPool3d

        self._check(input_shapes[0])
        kind = {1: SumPool1d, 2: SumPool2d, 3: SumPool3d}[self.axes]
        return kind(self.kernel_size, self.stride, self.padding, self.ceil_mode)  # type: ignore[arg-type]


@register("SumPool1d")
class SumPool1d(_SumPool):
    """Adds up each window of a sequence: average pooling times the length of the window."""

    label: ClassVar[str] = "SumPool1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("sum", "total", "subsample", "downsample", "sequence")

    kernel_size: Size1d = Field(2, description="Length of the window F.")
    stride: Size1d | None = Field(None, description="How far the window moves, S; empty means as far as it is long.")
    padding: Margin1d = Field(0, description="Steps of zeros added at both ends; at most half the window.")


@register("SumPool2d")
class SumPool2d(_SumPool):
    """Adds up each window: average pooling times the window's area.

    How much of a pattern there is counts, not only how strong it is. LeNet-5's subsampling layers begin with such a
    sum. It has no parameters.
    """

    label: ClassVar[str] = "SumPool2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("sum", "total", "subsample", "downsample")

    kernel_size: Size2d = Field(2, description="Height and width of the window F, in pixels.")
    stride: Size2d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin2d = Field(0, description="Rows of zeros added on every side; at most half the window.")


@register("SumPool3d")
class SumPool3d(_SumPool):
    """Adds up each block of a volume or clip: average pooling times the block's volume."""

    label: ClassVar[str] = "SumPool3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("sum", "total", "subsample", "downsample", "volume", "video")

    kernel_size: Size3d = Field(2, description="Depth, height and width of the window F.")
    stride: Size3d | None = Field(None, description="How far the window moves, S; empty means as far as it is large.")
    padding: Margin3d = Field(0, description="Slices of zeros added on every side; at most half the window.")
