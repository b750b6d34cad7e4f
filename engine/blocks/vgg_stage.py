"""Stages of VGG: a few small convolutions in a row; and its dense layers, read as convolutions."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Targets = dict[str, list[tuple[str, str, int]]]


def vgg_stage(
    in_channels: int, channels: int, depth: int, number: int = 1, padding: int = 1, normalised: bool = False
) -> NetworkSpec:
    """`depth` 3×3 convolutions, each with its ReLU, called conv3_1, relu3_1, conv3_2, ... in stage `number` 3.

    `padding` is that of the first convolution; the fully convolutional networks begin with 100. `normalised` puts
    batch normalisation between, norm3_1 and so on.
    """
    net = Drawing(f"{depth} convolutions")
    last = net.input(in_channels, 56, 56)
    for index in range(1, depth + 1):
        conv: dict[str, Any] = {"out_channels": channels, "kernel_size": 3, "padding": padding if index == 1 else 1}
        last = net.node("Conv2d", f"conv{number}_{index}", last, **conv)
        if normalised:
            last = net.node("BatchNorm2d", f"norm{number}_{index}", last)
        last = net.node("ReLU", f"relu{number}_{index}", last)
    return net.output(last)


def exposed(depth: int, number: int = 1) -> Targets:
    """What a stage shows on its card: the width of all its convolutions."""
    return {"channels": [(f"conv{number}_{index}", "out_channels", 1) for index in range(1, depth + 1)]}


def convolutional_dense(
    in_channels: int, width: int, padding: int = 0, drop: float = 0.5, normalised: bool = False
) -> NetworkSpec:
    """VGG's fc6 and fc7 with dropout as convolutions of 7×7 and 1×1 (Long et al. 2015).

    For a picture of any size they give, at every place, what the dense layers give for the 7×7 maps around it.
    `normalised` puts batch normalisation in front of the ReLUs.
    """
    net = Drawing("Convolutional dense")
    last = net.input(in_channels, 7, 7)
    for number, further in ((6, {"kernel_size": 7, "padding": padding}), (7, {"kernel_size": 1})):
        last = net.node("Conv2d", f"fc{number}", last, out_channels=width, **further)
        if normalised:
            last = net.node("BatchNorm2d", f"norm{number}", last)
        last = net.chain(last, ("ReLU", f"relu{number}"), ("Dropout2d", f"drop{number}", {"p": drop}))
    return net.output(last)


DENSE_EXPOSED: Targets = {"channels": [(id, "out_channels", 1) for id in ("fc6", "fc7")]}


class VggStageOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    channels: Count = Field(128, description="Width of all its convolutions.")
    depth: int = Field(2, ge=1, le=16, description="How many convolutions.")


add(
    BlockEntry(
        id="vgg_stage",
        label="VGG stage",
        help="Two to four 3×3 convolutions in a row, each with a ReLU. Two of them see as far as one of 5×5 and three "
        "as far as one of 7×7, with fewer weights and more bends in between. A pooling follows, after which the "
        "widths double (Simonyan and Zisserman 2014).",
        build=lambda options: vgg_stage(options.in_channels, options.channels, options.depth),
        options=VggStageOptions,
        keywords=("vgg", "convolutions", "stack", "double convolution"),
        exposed=lambda options: exposed(options.depth),
    )
)


class ConvolutionalDenseOptions(BlockOptions):
    in_channels: Count = Field(512, description="Channels that come in.")
    width: Count = Field(4096, description="Width of both layers.")
    padding: int = Field(3, ge=0, le=100, description="Rows added for the 7×7 filters; 3 keeps the size.")


add(
    BlockEntry(
        id="convolutional_dense",
        label="Dense layers as convolutions",
        help="The two dense layers of VGG, read as convolutions of 7×7 and 1×1. The weights are the same, but the "
        "network now takes pictures of any size and answers for every place, which makes a classifier a segmenter "
        "(Long et al. 2015).",
        build=lambda options: convolutional_dense(options.in_channels, options.width, options.padding),
        options=ConvolutionalDenseOptions,
        keywords=("fcn", "pixelnet", "fully convolutional", "fc6", "fc7", "segmentation"),
        exposed=lambda options: DENSE_EXPOSED,
    )
)
