"""Residual blocks of two convolutions: learn the correction, and add it to what came in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Targets = dict[str, list[tuple[str, str, int]]]


def basic_block(in_channels: int, channels: int, stride: int = 1) -> NetworkSpec:
    """Two 3×3 convolutions and a shortcut; a 1×1 projection where the size or the width changes (He et al. 2015)."""
    net = Drawing("Basic block")
    start = net.input(in_channels, 56, 56)
    first = {"out_channels": channels, "kernel_size": 3, "stride": stride, "padding": 1, "bias": False}
    main = net.chain(
        start,
        ("Conv2d", "conv1", first),
        ("BatchNorm2d", "bn1"),
        ("ReLU", "relu1"),
        ("Conv2d", "conv2", {"out_channels": channels, "kernel_size": 3, "padding": 1, "bias": False}),
        ("BatchNorm2d", "bn2"),
    )
    short = shortcut(net, start, in_channels, channels, stride)
    return net.output(net.node("ReLU", "relu2", net.node("Add", "add", [main, short])))


def shortcut(net: Drawing, start: str, in_channels: int, out_channels: int, stride: int) -> str:
    """The input itself, or where size or width change its projection by a 1×1 convolution; returns the last id."""
    if stride == 1 and in_channels == out_channels:
        return start
    projection = {"out_channels": out_channels, "kernel_size": 1, "stride": stride, "bias": False}
    return net.chain(start, ("Conv2d", "downsample_0", projection), ("BatchNorm2d", "downsample_1"))


EXPOSED: Targets = {"inner channels": [("conv1", "out_channels", 1)]}


class BasicBlockOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    channels: Count = Field(64, description="Channels that go out.")
    stride: Literal[1, 2] = Field(1, description="2 halves the picture; the shortcut is then a 1×1 convolution.")


add(
    BlockEntry(
        id="basic_block",
        label="Residual block",
        help="Two 3×3 convolutions learn a correction that is added to what came in, so the gradient has a way without "
        "weights and depth stops hurting. Where the size or the width changes, a 1×1 convolution fits the shortcut "
        "(He et al. 2015; ResNet-18 and 34).",
        build=lambda options: basic_block(options.in_channels, options.channels, options.stride),
        options=BasicBlockOptions,
        keywords=("resnet", "basic block", "skip", "shortcut", "identity"),
        exposed=lambda options: EXPOSED,
    )
)
