"""Residual bottlenecks: narrow by 1×1, filter by 3×3, widen by 1×1, and add what came in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.residual import Targets, shortcut
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

EXPANSION = 4
"""How many times wider a bottleneck's outside is than its inside, in ResNet-50."""


def bottleneck(
    in_channels: int, width: int, out_channels: int, stride: int = 1, *, dilation: int = 1, groups: int = 1
) -> NetworkSpec:
    """He et al. 2015, figure 5 right. The 3×3 convolution has the stride, as torchvision has it, not the first 1×1 as
    the paper has it: it then sees every pixel."""
    net = Drawing("Bottleneck")
    start = net.input(in_channels, 56, 56)
    middle = {"out_channels": width, "kernel_size": 3, "stride": stride, "padding": dilation, "bias": False}
    if dilation != 1:
        middle["dilation"] = dilation
    if groups != 1:
        middle["groups"] = groups
    main = net.chain(
        start,
        ("Conv2d", "conv1", {"out_channels": width, "kernel_size": 1, "bias": False}),
        ("BatchNorm2d", "bn1"),
        ("ReLU", "relu1"),
        ("Conv2d", "conv2", middle),
        ("BatchNorm2d", "bn2"),
        ("ReLU", "relu2"),
        ("Conv2d", "conv3", {"out_channels": out_channels, "kernel_size": 1, "bias": False}),
        ("BatchNorm2d", "bn3"),
    )
    short = shortcut(net, start, in_channels, out_channels, stride)
    return net.output(net.node("ReLU", "relu3", net.node("Add", "add", [main, short])))


EXPOSED: Targets = {"inner channels": [("conv1", "out_channels", 1), ("conv2", "out_channels", 1)]}


class BottleneckOptions(BlockOptions):
    in_channels: Count = Field(256, description="Channels that come in.")
    width: Count = Field(64, description="Channels inside, where the 3×3 convolution works.")
    out_channels: Count = Field(256, description="Channels that go out; ResNet has four times the width.")
    stride: Literal[1, 2] = Field(1, description="2 halves the picture; the shortcut is then a 1×1 convolution.")


add(
    BlockEntry(
        id="bottleneck",
        label="Residual bottleneck",
        help="A 1×1 convolution makes the picture narrow, a 3×3 one filters it where that is cheap, and another 1×1 "
        "one makes it wide again; the result is added to what came in. It costs about as much as a residual block of "
        "two 3×3 convolutions with a quarter of the channels (He et al. 2015; ResNet-50 and deeper).",
        build=lambda options: bottleneck(options.in_channels, options.width, options.out_channels, options.stride),
        options=BottleneckOptions,
        keywords=("resnet", "residual", "skip", "shortcut", "1x1"),
        exposed=lambda options: EXPOSED,
    )
)
