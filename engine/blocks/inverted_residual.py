"""Inverted residual blocks: widen, filter each channel by itself, narrow, and add what came in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.conv_norm_activation import conv_norm, depthwise_norm
from engine.blocks.squeeze_excitation import squeeze_excitation
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent

Exposed = dict[str, list[tuple[str, str, int]]]


def divisible(channels: float, by: int = 8) -> int:
    """`channels` rounded to a multiple of `by`, but never more than 10 % down: how MobileNets scale their widths."""
    rounded = max(by, int(channels + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * channels else rounded


def inverted_residual(
    in_channels: int,
    out_channels: int,
    expanded: int,
    *,
    kernel_size: int = 3,
    stride: int = 1,
    dilation: int = 1,
    activation: str = "ReLU6",
    squeezed: int = 0,
    squeeze_activation: str = "ReLU",
    gate: str = "Sigmoid",
    norm: Mapping[str, Any] | None = None,
    drop: float = 0.0,
    expanded_output: bool = False,
    name: str = "Inverted residual",
) -> NetworkSpec:
    """Sandler et al. 2018: 1×1 to `expanded` channels, depthwise, 1×1 down without activation, and the shortcut.

    Args:
        stride: 1 or 2; with 1 and equal widths the input is added. A dilated block moves in steps of 1 in any case.
        squeezed: width inside its squeeze-and-excitation part (MobileNet v3, EfficientNet); 0 for none.
        drop: chance that training leaves the block out (stochastic depth), where it has a shortcut.
        expanded_output: give the widened picture as a second output "expanded", as SSDlite reads it.
        name: what the network's paper calls it.
    """
    net = Drawing(name)
    start = last = net.input(in_channels, 56, 56)
    if expanded != in_channels:
        last = net.chain(last, *conv_norm("expand", expanded, activation=activation, norm=norm))
    widened = last
    step = 1 if dilation > 1 else stride
    last = net.chain(
        last,
        *depthwise_norm("depthwise", kernel_size, stride=step, dilation=dilation, activation=activation, norm=norm),
    )
    if squeezed:
        inside = squeeze_excitation(expanded, squeezed, activation=squeeze_activation, gate=gate)
        last = net.block("se", inside, last)
    last = net.chain(last, *conv_norm("project", out_channels, activation="none", norm=norm))
    if stride == 1 and in_channels == out_channels:
        if drop:
            last = net.node("StochasticDepth", "drop", last, p=drop)
        last = net.node("Add", "add", [last, start])
    return net.outputs({"output": last, "expanded": widened} if expanded_output else {"output": last})


def exposed(in_channels: int, expanded: int, squeezed: int = 0) -> Exposed:
    """What such a block shows on its card: the width inside, and the size of its filters."""
    shown: Exposed = {"kernel size": [("depthwise", "kernel_size", 1)]}
    if expanded != in_channels:
        width = [("expand", "out_channels", 1)]
        shown["expanded width"] = [*width, ("se.fc2", "out_channels", 1)] if squeezed else width
    if squeezed:
        shown["squeezed width"] = [("se.fc1", "out_channels", 1)]
    return shown


def part_of(expands: bool, squeezes: bool, number: int) -> str:
    """Name of the `number`-th part of a block, counted from 0 as torchvision does, who leaves out what is not there."""
    parts = ["expand"] * expands + ["depthwise"] + ["se"] * squeezes + ["project"]
    return parts[number]


class InvertedResidualOptions(BlockOptions):
    in_channels: Count = Field(32, description="Channels that come in.")
    out_channels: Count = Field(32, description="Channels that go out; with as many as come in, the input is added.")
    expansion: Extent = Field(6, description="How many times wider it is inside.")
    kernel_size: Extent = Field(3, description="Size of the depthwise filters; odd.")
    stride: Literal[1, 2] = Field(1, description="2 halves the picture.")
    squeeze: bool = Field(False, description="Weigh the channels by squeeze and excitation.")
    activation: Literal["ReLU", "ReLU6", "Hardswish", "SiLU"] = Field("ReLU6", description="The bend inside.")


def _expanded(options: InvertedResidualOptions) -> int:
    return options.in_channels * options.expansion


def _squeezed(options: InvertedResidualOptions) -> int:
    return divisible(_expanded(options) // 4) if options.squeeze else 0


def _build(options: InvertedResidualOptions) -> NetworkSpec:
    return inverted_residual(
        options.in_channels,
        options.out_channels,
        _expanded(options),
        kernel_size=options.kernel_size,
        stride=options.stride,
        activation=options.activation,
        squeezed=_squeezed(options),
    )


add(
    BlockEntry(
        id="inverted_residual",
        label="Inverted residual",
        help="A 1×1 convolution widens the picture, a depthwise one filters each channel by itself, and another 1×1 "
        "narrows it again without an activation, since that would destroy information where there are few channels. "
        "The shortcut joins the narrow ends, so that little has to be kept in memory (Sandler et al. 2018).",
        build=_build,
        options=InvertedResidualOptions,
        keywords=("mobilenet", "mbconv", "bottleneck", "linear bottleneck", "depthwise", "efficientnet"),
        exposed=lambda options: exposed(options.in_channels, _expanded(options), _squeezed(options)),
    )
)
