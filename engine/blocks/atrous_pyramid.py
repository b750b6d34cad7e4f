"""Atrous spatial pyramid pooling: filters with holes of several sizes look at the same picture side by side."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.conv_norm_activation import conv_norm_activation
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent

Targets = dict[str, list[tuple[str, str, int]]]
CHANNELS: Targets = {"channels": [("conv", "out_channels", 1)]}


def atrous_pyramid(
    in_channels: int, rates: Sequence[int] = (12, 24, 36), channels: int = 256, drop: float = 0.5
) -> NetworkSpec:
    """1×1 filters, a 3×3 one for each dilation rate, and the mean of the whole picture, joined and reduced to
    `channels` (Chen et al. 2017, DeepLab v3, figure 5)."""
    net = Drawing("Atrous pyramid")
    start = net.input(in_channels, 28, 28)
    ends = [net.block("conv1x1", conv_norm_activation(in_channels, channels, 1), start, exposed=CHANNELS)]
    for rate in rates:
        inside = conv_norm_activation(in_channels, channels, 3, dilation=rate)
        ends.append(net.block(f"rate{rate}", inside, start, exposed=CHANNELS))
    mean = net.node("AdaptiveAvgPool2d", "pool", start)
    mean = net.block("pool_conv", conv_norm_activation(in_channels, channels, 1), mean, exposed=CHANNELS)
    ends.append(net.node("UpsampleLike", "spread", {"in": mean, "like": start}, mode="bilinear"))
    last = net.node("Concatenate", "concat", ends)
    inside = conv_norm_activation(channels * len(ends), channels, 1)
    last = net.block("project", inside, last, exposed=CHANNELS)
    return net.output(net.node("Dropout", "dropout", last, p=drop) if drop else last)


class AtrousOptions(BlockOptions):
    in_channels: Count = Field(512, description="Channels that come in.")
    rates: tuple[Extent, ...] = Field(
        (6, 12, 18), min_length=1, max_length=8, description="Distance between the taps of each 3×3 filter."
    )
    channels: Count = Field(256, description="Channels of each branch and of the result.")


add(
    BlockEntry(
        id="atrous_pyramid",
        label="Atrous pyramid pooling",
        help="3×3 filters whose taps stand 12, 24 or 36 pixels apart see small and large things at once, without "
        "losing resolution and with no more weights. A 1×1 filter and the mean of the whole picture stand beside them "
        "(Chen et al. 2017, DeepLab v3).",
        build=lambda options: atrous_pyramid(options.in_channels, options.rates, options.channels),
        options=AtrousOptions,
        keywords=("aspp", "deeplab", "dilated", "segmentation", "multi-scale"),
    )
)
