"""Residual networks, exact to torchvision's; also as the backbone that segmentation and detection take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, create_model

from engine.blocks import bottleneck as bottlenecks
from engine.blocks import residual
from engine.blocks.bottleneck import EXPANSION, bottleneck
from engine.blocks.residual import basic_block
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.gallery.widths import scaled
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

AUTHORS = "He, Zhang, Ren, Sun"
PAPER = "Deep Residual Learning for Image Recognition, CVPR 2016"


class ResNetOptions(Options):
    width: float = Field(1.0, gt=0, le=8, description="Factor on the widths of all layers.")
    depths: tuple[Count, Count, Count, Count] = Field(
        (2, 2, 2, 2), description="Number of blocks in each of the four stages."
    )


def stem(net: Drawing, after: str, channels: int = 64) -> str:
    """The first convolution and pooling, to a quarter of the size; returns the last id, "maxpool"."""
    return net.chain(
        after,
        ("Conv2d", "conv1", {"out_channels": channels, "kernel_size": 7, "stride": 2, "padding": 3, "bias": False}),
        ("BatchNorm2d", "bn1"),
        ("ReLU", "relu"),
        ("MaxPool2d", "maxpool", {"kernel_size": 3, "stride": 2, "padding": 1}),
    )


def basic_stage(in_channels: int, channels: int, depth: int, stride: int) -> NetworkSpec:
    """`depth` basic blocks, block0 to the last, of which the first has the stride."""
    net = Drawing(f"{depth} basic blocks")
    last, before = net.input(in_channels, 56, 56), in_channels
    for number in range(depth):
        step = stride if number == 0 else 1
        inside = basic_block(before, channels, step)
        last = net.block(f"block{number}", inside, last, exposed=residual.EXPOSED)
        before = channels
    return net.output(last)


def bottleneck_stage(
    in_channels: int, width: int, out_channels: int, depth: int, stride: int, dilations: tuple[int, int] = (1, 1)
) -> NetworkSpec:
    """`depth` bottlenecks, of which the first has the stride; dilations of the first and of the other blocks."""
    net = Drawing(f"{depth} bottlenecks")
    last, before = net.input(in_channels, 56, 56), in_channels
    for number in range(depth):
        step, dilation = (stride, dilations[0]) if number == 0 else (1, dilations[1])
        inside = bottleneck(before, width, out_channels, step, dilation=dilation)
        last = net.block(f"block{number}", inside, last, exposed=bottlenecks.EXPOSED)
        before = out_channels
    return net.output(last)


def bottleneck_stages(
    net: Drawing, after: str, depths: Sequence[int], *, width: float = 1.0, wide: int = 1, dilated: int = 0
) -> str:
    """Draw layer1 to layer4 of 256, 512, 1024 and 2048 channels behind the stem; returns the last id.

    Args:
        wide: how many times wider the bottlenecks are inside (Wide ResNet).
        dilated: how many of the last stages keep their size and dilate in place of striding (DeepLab).
    """
    before = scaled(64, width)
    dilation = 1
    for number, depth in enumerate(depths, start=1):
        inner = scaled(64 * 2 ** (number - 1), width)
        stride, dilations = (1 if number == 1 else 2), (1, 1)
        if number > len(depths) - dilated:
            stride, dilations = 1, (dilation, 2 * dilation)
            dilation *= 2
        inside = bottleneck_stage(before, inner * wide, inner * EXPANSION, depth, stride, dilations)
        after, before = net.block(f"layer{number}", inside, after), inner * EXPANSION
    return after


def rename(key: str) -> str:
    """torchvision's "layer1.0.downsample.0.weight" to our "layer1.block0.downsample_0.weight"."""
    return re.sub(r"(layer\d)\.(\d+)\.", r"\1.block\2.", key).replace("downsample.", "downsample_")


def _head(net: Drawing, last: str, options: Options) -> NetworkSpec:
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


def _basic(name: str, options: ResNetOptions) -> NetworkSpec:
    net = Drawing(name)
    before = scaled(64, options.width)
    last = stem(net, net.input(options.in_channels, 224, 224), before)
    for number, depth in enumerate(options.depths, start=1):
        channels = scaled(64 * 2 ** (number - 1), options.width)
        inside = basic_stage(before, channels, depth, 1 if number == 1 else 2)
        last, before = net.block(f"layer{number}", inside, last), channels
    return _head(net, last, options)


def _bottleneck(name: str, options: ResNetOptions, wide: int = 1) -> NetworkSpec:
    net = Drawing(name)
    last = stem(net, net.input(options.in_channels, 224, 224), scaled(64, options.width))
    return _head(net, bottleneck_stages(net, last, options.depths, width=options.width, wide=wide), options)


def _options(name: str, depths: tuple[int, int, int, int]) -> type[ResNetOptions]:
    field: Any = (
        tuple[Count, Count, Count, Count],
        Field(depths, description="Number of blocks in each of the four stages."),
    )
    return create_model(f"{name}Options", __base__=ResNetOptions, depths=field)


def _table(widest: int) -> tuple[PaperRow, ...]:
    """Table 1 of the paper; it prints heights and widths, and the widths of the convolutions."""
    body = [
        PaperRow(f"conv{stage + 1}_x", f"layer{stage}", (widest // 2 ** (4 - stage), size, size))
        for stage, size in ((1, 56), (2, 28), (3, 14), (4, 7))
    ]
    return (
        PaperRow("conv1: 7×7, 64, stride 2", "relu", (64, 112, 112)),
        PaperRow("3×3 max pool, stride 2", "maxpool", (64, 56, 56), note="the table counts it to conv2_x"),
        *body,
        PaperRow("average pool", "avgpool", (widest, 1, 1)),
        PaperRow("1000-d fc", "fc", (1000,)),
    )


BASIC_IDEA = (
    "Each block learns a correction that is added to its input, so the shortest way for the gradient has no weights in "
    "it and depth stops hurting. The blocks are two 3×3 convolutions, and the widths double as the picture halves. "
    "Global average pooling leaves one small dense layer."
)
BOTTLENECK_IDEA = (
    "Each block learns a correction that is added to its input, so the shortest way for the gradient has no weights in "
    "it and depth stops hurting. Its 3×3 convolution works between two 1×1 convolutions that narrow and widen again, "
    "which makes deep networks affordable. As in torchvision the 3×3 convolution has the stride; the paper has it in "
    "the first 1×1."
)
# Top-5 errors on the validation pictures of ImageNet with ten crops: table 3, and table 4 where there is no other.
_TEN_CROPS = {34: "7.46", 50: "6.71", 101: "6.05", 152: "5.71"}


def _entry(depth: int, depths: tuple[int, int, int, int]) -> None:
    name, basic = f"ResNet-{depth}", depth < 50
    if depth in _TEN_CROPS:
        merit = f"{_TEN_CROPS[depth]} % top-5 error on ImageNet validation, ten crops; ensemble 3.57 % at ILSVRC 2015"
    else:
        merit = "27.88 % top-1 error on ImageNet validation, ten crops; ensemble of deeper ones 3.57 % at ILSVRC 2015"
    add(
        GalleryEntry(
            id=f"resnet{depth}",
            name=name,
            year=2015,
            authors=AUTHORS,
            task="classification",
            source="torchvision",
            idea=BASIC_IDEA if basic else BOTTLENECK_IDEA,
            merit=merit,
            build=lambda options: (_basic if basic else _bottleneck)(name, options),
            options=_options(f"ResNet{depth}", depths),
            paper=PAPER,
            table=_table(512 if basic else 2048),
            smallest=(32, 32),
            torchvision=f"resnet{depth}",
            rename=rename,
        )
    )


_entry(18, (2, 2, 2, 2))
_entry(34, (3, 4, 6, 3))
_entry(50, (3, 4, 6, 3))
_entry(101, (3, 4, 23, 3))
_entry(152, (3, 8, 36, 3))

add(
    GalleryEntry(
        id="wide_resnet50_2",
        name="Wide ResNet-50-2",
        year=2016,
        authors="Zagoruyko, Komodakis",
        task="classification",
        source="torchvision",
        idea="A ResNet need not be very deep: with twice as many channels inside its bottlenecks, fifty layers beat a "
        "hundred and fifty. Wide layers also keep a GPU busier than many thin ones after one another. Everything else "
        "is ResNet-50.",
        merit="21.9 % top-1 and 6.03 % top-5 error on ImageNet validation, single crop",
        build=lambda options: _bottleneck("Wide ResNet-50-2", options, wide=2),
        options=_options("WideResNet50", (3, 4, 6, 3)),
        paper="Wide Residual Networks, BMVC 2016",
        smallest=(32, 32),
        torchvision="wide_resnet50_2",
        rename=rename,
    )
)
