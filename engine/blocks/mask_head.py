"""Mask head: which cells of a region belong to the object, for every class."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

DEPTH = 4


def mask_head(channels: int = 256, size: int = 14, width: int = 256, classes: int = 91) -> NetworkSpec:
    """He et al. 2017, figure 4 right: four 3×3 convolutions, a learned doubling, and a mask per class as logits."""
    net = Drawing("Mask head")
    last = net.input(channels, size, size)
    for number in range(1, DEPTH + 1):
        conv = {"out_channels": width, "kernel_size": 3, "padding": 1}
        last = net.chain(last, ("Conv2d", f"conv{number}", conv), ("ReLU", f"relu{number}"))
    last = net.chain(
        last,
        ("ConvTranspose2d", "conv5_mask", {"out_channels": width, "kernel_size": 2, "stride": 2}),
        ("ReLU", "relu5"),
        ("Conv2d", "mask_fcn_logits", {"out_channels": classes, "kernel_size": 1}),
    )
    return net.output(last)


EXPOSED = {
    "width": [
        *((f"conv{number}", "out_channels", 1) for number in range(1, DEPTH + 1)),
        ("conv5_mask", "out_channels", 1),
    ]
}


class MaskHeadOptions(BlockOptions):
    channels: Count = Field(256, description="Channels of a region.")
    size: int = Field(14, ge=1, le=64, description="Height and width of a region's features; masks are twice as large.")
    width: Count = Field(256, description="Channels inside.")
    classes: int = Field(21, ge=2, le=100_000, description="Kinds of object and the background.")


add(
    BlockEntry(
        id="mask_head",
        label="Mask head",
        help="A small fully convolutional network on each region: four 3×3 convolutions, a transposed one that doubles "
        "the size, and one mask per class. Convolutions keep the layout of the object, which dense layers would lose "
        "(He et al. 2017).",
        build=lambda options: mask_head(options.channels, options.size, options.width, options.classes),
        options=MaskHeadOptions,
        keywords=("mask r-cnn", "instance segmentation", "roi head", "fcn"),
        each=True,
        exposed=lambda options: EXPOSED,
    )
)
