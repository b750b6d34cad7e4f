"""Inception modules: several filters look at the same picture side by side, and their answers are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Targets = dict[str, list[tuple[str, str, int]]]
CHANNELS: Targets = {"channels": [("conv", "out_channels", 1)]}


@dataclass(frozen=True)
class Conv:
    """A convolution of a branch, with its normalisation and ReLU."""

    id: str
    channels: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    padding: str = "same"


@dataclass(frozen=True)
class Pool:
    """A 3×3 pooling of a branch."""

    id: str
    type: str = "MaxPool2d"
    stride: int = 1
    padding: int = 1


Branch = Sequence[Conv | Pool | tuple[Conv, ...]]
"""What follows one another; a tuple splits the branch's end into several that stand side by side."""


def basic_conv(
    in_channels: int,
    channels: int,
    kernel: int | tuple[int, int] = 1,
    *,
    stride: int = 1,
    padding: str | int = "same",
) -> NetworkSpec:
    """Convolution without bias, batch normalisation with ε = 0.001, ReLU: layers conv, bn and relu."""
    high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
    net = Drawing(f"Conv {high}×{wide}")
    conv: dict[str, Any] = {"out_channels": channels, "kernel_size": kernel, "stride": stride, "bias": False}
    last = net.chain(
        net.input(in_channels, 56, 56),
        ("Conv2d", "conv", {**conv, "padding": padding}),
        ("BatchNorm2d", "bn", {"eps": 0.001}),
        ("ReLU", "relu"),
    )
    return net.output(last)


def inception_module(name: str, in_channels: int, branches: Sequence[Branch]) -> NetworkSpec:
    """Branches side by side, from one input into one concatenation along the channels."""
    net = Drawing(name)
    start = net.input(in_channels, 28, 28)
    ends: list[str] = []
    for branch in branches:
        last, width = start, in_channels
        for step in branch:
            if isinstance(step, tuple):
                ends.extend(_draw(net, one, last, width) for one in step)
                last = ""
            else:
                last = _draw(net, step, last, width)
                width = step.channels if isinstance(step, Conv) else width
        if last:
            ends.append(last)
    return net.output(net.node("Concatenate", "concat", ends))


def _draw(net: Drawing, step: Conv | Pool, after: str, in_channels: int) -> str:
    if isinstance(step, Pool):
        return net.node(step.type, step.id, after, kernel_size=3, stride=step.stride, padding=step.padding)
    inside = basic_conv(in_channels, step.channels, step.kernel, stride=step.stride, padding=step.padding)
    return net.block(step.id, inside, after, exposed=CHANNELS)


class InceptionOptions(BlockOptions):
    in_channels: Count = Field(192, description="Channels that come in.")
    conv1x1: Count = Field(64, description="Filters of the 1×1 branch.")
    reduce3x3: Count = Field(96, description="Channels that the 3×3 branch is first reduced to.")
    conv3x3: Count = Field(128, description="Filters of the 3×3 branch.")
    reduce5x5: Count = Field(16, description="Channels that the 5×5 branch is first reduced to.")
    conv5x5: Count = Field(32, description="Filters of the 5×5 branch.")
    pool_proj: Count = Field(32, description="Filters behind the pooling.")
    large_kernel: Literal[3, 5, 7] = Field(5, description="Filter size of the third branch.")


def inception(in_channels: int, widths: Sequence[int], large_kernel: int = 5) -> NetworkSpec:
    """Szegedy et al. 2014, figure 2(b).

    `widths` are the columns of the paper's table 1: #1×1, #3×3 reduce, #3×3, #5×5 reduce, #5×5, pool proj.
    `large_kernel` is 5 in the paper and 3 in torchvision.
    """
    one, reduce3, three, reduce5, five, pool = widths
    size = f"{large_kernel}x{large_kernel}"
    branches: list[Branch] = [
        [Conv("b1_conv1x1", one)],
        [Conv("b2_conv1x1", reduce3), Conv("b2_conv3x3", three, 3)],
        [Conv("b3_conv1x1", reduce5), Conv(f"b3_conv{size}", five, large_kernel)],
        [Pool("b4_pool"), Conv("b4_conv1x1", pool)],
    ]
    return inception_module("Inception module", in_channels, branches)


def exposed(large_kernel: int = 5) -> Targets:
    """The columns of the paper's table, on the block's card."""
    size = f"{large_kernel}×{large_kernel}"
    places = {
        "1×1": "b1_conv1x1",
        "3×3 reduce": "b2_conv1x1",
        "3×3": "b2_conv3x3",
        f"b3 {size} reduce" if large_kernel == 3 else f"{size} reduce": "b3_conv1x1",
        f"b3 {size}" if large_kernel == 3 else size: f"b3_conv{large_kernel}x{large_kernel}",
        "pool proj": "b4_conv1x1",
    }
    return {name: [(f"{id}.conv", "out_channels", 1)] for name, id in places.items()}


def auxiliary_classifier(in_channels: int, num_classes: int, dropout: float = 0.7) -> NetworkSpec:
    """A small classifier half-way: pooling to 4×4, 1×1 convolution, two dense layers (GoogLeNet)."""
    net = Drawing("Auxiliary classifier")
    last = net.node("AdaptiveAvgPool2d", "pool", net.input(in_channels, 14, 14), output_size=4)
    last = net.block("conv", basic_conv(in_channels, 128), last, exposed=CHANNELS)
    last = net.chain(
        last,
        ("Flatten", "flatten"),
        ("Linear", "fc1", {"out_features": 1024}),
        ("ReLU", "relu"),
        ("Dropout", "dropout", {"p": dropout}),
        ("Linear", "fc2", {"out_features": num_classes}),
    )
    return net.output(last)


def _build(options: InceptionOptions) -> NetworkSpec:
    widths = (
        options.conv1x1,
        options.reduce3x3,
        options.conv3x3,
        options.reduce5x5,
        options.conv5x5,
        options.pool_proj,
    )
    return inception(options.in_channels, widths, options.large_kernel)


add(
    BlockEntry(
        id="inception",
        label="Inception module",
        help="1×1, 3×3 and 5×5 filters and a pooling look at the same picture side by side, and their feature maps are "
        "joined: the network need not choose one size. 1×1 convolutions reduce the channels first, which makes the "
        "larger filters cheap (Szegedy et al. 2014).",
        build=_build,
        options=InceptionOptions,
        keywords=("googlenet", "branches", "1x1", "parallel"),
        exposed=lambda options: exposed(options.large_kernel),
    )
)


class AuxiliaryOptions(BlockOptions):
    in_channels: Count = Field(512, description="Channels that come in.")
    num_classes: Count = Field(10, description="How many classes it tells apart.")


add(
    BlockEntry(
        id="auxiliary_classifier",
        label="Auxiliary classifier",
        help="A small classifier at a layer half-way. Its loss, with a weight of 0.3, gives the early layers a "
        "gradient of their own in training; afterwards it is not needed (Szegedy et al. 2014).",
        build=lambda options: auxiliary_classifier(options.in_channels, options.num_classes),
        options=AuxiliaryOptions,
        category="dense",
        keywords=("googlenet", "inception", "deep supervision", "head"),
    )
)
