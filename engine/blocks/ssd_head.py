"""Heads and extra layers of SSD and SSDlite, one of each per level."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.conv_norm_activation import conv_norm
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

LITE_NORM = {"eps": 0.001, "momentum": 0.03}


def ssd_head(channels: int, boxes: int, classes: int, *, lite: bool = False) -> NetworkSpec:
    """Liu et al. 2016: one 3×3 convolution for the classes and one for the boxes of a level.

    `lite` makes them depthwise separable (Sandler et al. 2018). Outputs logits (A, K) and deltas (A, 4).
    """
    net = Drawing("SSDlite head" if lite else "SSD head")
    start = net.input(channels, 10, 10)
    ends = {}
    for name, port, columns in (("cls_logits", "logits", classes), ("bbox_reg", "deltas", 4)):
        last: dict[str, Any] = {"out_channels": boxes * columns, "kernel_size": 3, "padding": 1}
        after = start
        if lite:
            steps = conv_norm(f"{name}_depthwise", channels, 3, groups=channels, activation="ReLU6", norm=LITE_NORM)
            after, last = net.chain(start, *steps), {"out_channels": boxes * columns, "kernel_size": 1}
        ends[port] = net.chain(after, ("Conv2d", name, last), ("AnchorRows", f"{port}_rows", {"columns": columns}))
    return net.outputs(ends)


def ssd_extra(
    in_channels: int, channels: int, out_channels: int, number: int, *, stride: int, padding: int
) -> NetworkSpec:
    """A further, coarser level: 1×1 and 3×3 convolution, called conv8_1 and conv8_2 for `number` 8."""
    net = Drawing("Extra level")
    second = {"out_channels": out_channels, "kernel_size": 3, "stride": stride, "padding": padding}
    last = net.chain(
        net.input(in_channels, 19, 19),
        ("Conv2d", f"conv{number}_1", {"out_channels": channels, "kernel_size": 1}),
        ("ReLU", f"relu{number}_1"),
        ("Conv2d", f"conv{number}_2", second),
        ("ReLU", f"relu{number}_2"),
    )
    return net.output(last)


def ssdlite_extra(in_channels: int, out_channels: int) -> NetworkSpec:
    """A further, coarser level of SSDlite: 1×1 to half the width, depthwise 3×3 with stride 2, 1×1."""
    net = Drawing("Extra level")
    half = out_channels // 2
    kind: dict[str, Any] = {"activation": "ReLU6", "norm": LITE_NORM}
    last = net.chain(
        net.input(in_channels, 10, 10),
        *conv_norm("reduce", half, **kind),
        *conv_norm("depthwise", half, 3, stride=2, groups=half, **kind),
        *conv_norm("widen", out_channels, **kind),
    )
    return net.output(last)


class SsdHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels that come in.")
    boxes: int = Field(6, ge=1, le=100, description="Default boxes at every place.")
    classes: int = Field(21, ge=2, le=100_000, description="Kinds of object and the background.")
    lite: bool = Field(False, description="Depthwise separable convolutions, for phones.")


add(
    BlockEntry(
        id="ssd_head",
        label="SSD head",
        help="Two convolutions read one level of feature maps: for every default box the scores of all classes, of "
        "which the first is the background, and four numbers that move it. Each level has a head of its own, since "
        "their widths differ (Liu et al. 2016).",
        build=lambda options: ssd_head(options.channels, options.boxes, options.classes, lite=options.lite),
        options=SsdHeadOptions,
        keywords=("ssd", "ssdlite", "default boxes", "one-stage", "detection"),
    )
)
