"""Densely connected networks, exact to torchvision's."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, create_model

from engine.blocks.dense_block import TRANSITION_EXPOSED, block_exposed, dense_block, transition
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Depths = tuple[int, int, int, int]


class DenseNetOptions(Options):
    growth: Count = Field(32, description="Feature maps that each dense layer adds, the growth rate k.")
    depths: tuple[Count, Count, Count, Count] = Field(
        (6, 12, 24, 16), description="Number of dense layers in each of the four blocks."
    )
    first: Count = Field(64, description="Feature maps of the first convolution; the paper has twice the growth rate.")
    drop: float = Field(0.0, ge=0, lt=1, description="Dropout behind each dense layer.")


def _build(name: str, options: DenseNetOptions) -> NetworkSpec:
    net = Drawing(name)
    first = {"out_channels": options.first, "kernel_size": 7, "stride": 2, "padding": 3, "bias": False}
    last = net.chain(
        net.input(options.in_channels, 224, 224),
        ("Conv2d", "conv0", first),
        ("BatchNorm2d", "norm0"),
        ("ReLU", "relu0"),
        ("MaxPool2d", "pool0", {"kernel_size": 3, "stride": 2, "padding": 1}),
    )
    width = options.first
    for number, depth in enumerate(options.depths, start=1):
        inside = dense_block(width, depth, options.growth, drop=options.drop)
        last = net.block(f"denseblock{number}", inside, last, exposed=block_exposed(depth))
        width += depth * options.growth
        if number < 4:
            half = max(1, width // 2)
            last = net.block(f"transition{number}", transition(width, half), last, exposed=TRANSITION_EXPOSED)
            width = half
    last = net.chain(
        last,
        ("BatchNorm2d", "norm5"),
        ("ReLU", "relu5"),
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


def rename(key: str) -> str:
    """torchvision's "features.denseblock1.denselayer2.conv1.weight" without its first word; "classifier" is our fc."""
    key = re.sub(r"^features\.", "", key)
    # Files of its published weights still have the names "norm.1" and "conv.2" of an older version.
    return re.sub(r"^classifier\.", "fc.", re.sub(r"\b(norm|relu|conv)\.([12])\.", r"\1\2.", key))


def _options(name: str, depths: Depths, growth: int, first: int) -> type[DenseNetOptions]:
    several: Any = (
        tuple[Count, Count, Count, Count],
        Field(depths, description="Number of dense layers in each of the four blocks."),
    )
    rate: Any = (Count, Field(growth, description="Feature maps that each dense layer adds, the growth rate k."))
    start: Any = (
        Count,
        Field(first, description="Feature maps of the first convolution; the paper has twice the growth rate."),
    )
    return create_model(f"{name}Options", __base__=DenseNetOptions, growth=rate, depths=several, first=start)


def _table(depths: Depths, growth: int, first: int) -> tuple[PaperRow, ...]:
    """Table 1 of the paper prints heights and widths; the channels follow from its text: 2k at first, k from each
    layer, half at each transition."""
    rows = [
        PaperRow("Convolution, 7×7, stride 2", "conv0", (first, 112, 112)),
        PaperRow("Pooling, 3×3 max, stride 2", "pool0", (first, 56, 56)),
    ]
    width, size = first, 56
    for number, depth in enumerate(depths, start=1):
        width += depth * growth
        rows.append(PaperRow(f"Dense Block ({number})", f"denseblock{number}", (width, size, size), note=f"× {depth}"))
        if number < 4:
            width, size = width // 2, size // 2
            rows.append(PaperRow(f"Transition Layer ({number})", f"transition{number}", (width, size, size)))
    return (
        *rows,
        PaperRow("Classification, 7×7 global average pool", "avgpool", (width, 1, 1)),
        PaperRow("1000D fully-connected", "fc", (1000,)),
    )


def _entry(depth: int, depths: Depths, merit: str, growth: int = 32, first: int = 64) -> None:
    name = f"DenseNet-{depth}"
    add(
        GalleryEntry(
            id=f"densenet{depth}",
            name=name,
            year=2016,
            authors="Huang, Liu, van der Maaten, Weinberger",
            task="classification",
            source="torchvision",
            idea="Every layer sees the feature maps of all layers before it, joined along the channels, and adds a "
            f"few of its own: {growth}, the growth rate. Features are used again in place of being learned again, so "
            "it needs half of the parameters of a ResNet that is as good. Transition layers between the four dense "
            "blocks halve the maps in number and size.",
            merit=merit,
            build=lambda options: _build(name, options),
            options=_options(f"DenseNet{depth}", depths, growth, first),
            paper="Densely Connected Convolutional Networks, CVPR 2017",
            table=_table(depths, growth, first),
            smallest=(32, 32),
            torchvision=f"densenet{depth}",
            rename=rename,
        )
    )


_entry(121, (6, 12, 24, 16), "7.71 % top-5 error on ImageNet validation, single crop")
_entry(
    161,
    (6, 12, 36, 24),
    "22.2 % top-1 error on ImageNet validation, single crop (published with the code)",
    growth=48,
    first=96,
)
_entry(169, (6, 12, 32, 32), "6.85 % top-5 error on ImageNet validation, single crop")
_entry(201, (6, 12, 48, 32), "6.34 % top-5 error on ImageNet validation, single crop")
