"""The modules of Inception v3, in which large filters are factorised into small ones."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.inception import CHANNELS, Branch, Conv, Pool, basic_conv, inception_module
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def inception_a(in_channels: int, pool_features: int) -> NetworkSpec:
    """5×5 filters as two of 3×3 (Szegedy et al. 2016, figure 5); 224 channels and `pool_features` come out."""
    branches: list[Branch] = [
        [Conv("branch1x1", 64)],
        [Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, 5)],
        [Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, 3), Conv("branch3x3dbl_3", 96, 3)],
        [Pool("pool", "AvgPool2d"), Conv("branch_pool", pool_features)],
    ]
    return inception_module("Inception A", in_channels, branches)


def inception_b(in_channels: int) -> NetworkSpec:
    """Halves the picture by strided filters and pooling side by side (figure 10); 480 more channels come out."""
    branches: list[Branch] = [
        [Conv("branch3x3", 384, 3, 2, "valid")],
        [Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, 3), Conv("branch3x3dbl_3", 96, 3, 2, "valid")],
        [Pool("pool", stride=2, padding=0)],
    ]
    return inception_module("Inception B", in_channels, branches)


def inception_c(in_channels: int, inner: int) -> NetworkSpec:
    """7×7 filters as 1×7 and 7×1 (figure 6); 768 channels come out."""
    flat, tall = (1, 7), (7, 1)
    branches: list[Branch] = [
        [Conv("branch1x1", 192)],
        [Conv("branch7x7_1", inner), Conv("branch7x7_2", inner, flat), Conv("branch7x7_3", 192, tall)],
        [
            Conv("branch7x7dbl_1", inner),
            Conv("branch7x7dbl_2", inner, tall),
            Conv("branch7x7dbl_3", inner, flat),
            Conv("branch7x7dbl_4", inner, tall),
            Conv("branch7x7dbl_5", 192, flat),
        ],
        [Pool("pool", "AvgPool2d"), Conv("branch_pool", 192)],
    ]
    return inception_module("Inception C", in_channels, branches)


def inception_d(in_channels: int) -> NetworkSpec:
    """Halves the picture like `inception_b`, behind factorised filters; 512 more channels come out."""
    branches: list[Branch] = [
        [Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, 3, 2, "valid")],
        [
            Conv("branch7x7x3_1", 192),
            Conv("branch7x7x3_2", 192, (1, 7)),
            Conv("branch7x7x3_3", 192, (7, 1)),
            Conv("branch7x7x3_4", 192, 3, 2, "valid"),
        ],
        [Pool("pool", stride=2, padding=0)],
    ]
    return inception_module("Inception D", in_channels, branches)


def inception_e(in_channels: int) -> NetworkSpec:
    """Widens: branches end in 1×3 and 3×1 filters side by side (figure 7); 2048 channels come out."""
    flat, tall = (1, 3), (3, 1)
    branches: list[Branch] = [
        [Conv("branch1x1", 320)],
        [Conv("branch3x3_1", 384), (Conv("branch3x3_2a", 384, flat), Conv("branch3x3_2b", 384, tall))],
        [
            Conv("branch3x3dbl_1", 448),
            Conv("branch3x3dbl_2", 384, 3),
            (Conv("branch3x3dbl_3a", 384, flat), Conv("branch3x3dbl_3b", 384, tall)),
        ],
        [Pool("pool", "AvgPool2d"), Conv("branch_pool", 192)],
    ]
    return inception_module("Inception E", in_channels, branches)


def inception_aux(in_channels: int, num_classes: int) -> NetworkSpec:
    """Auxiliary classifier: pooling 5×5/3, 1×1 and 5×5 convolutions, one dense layer."""
    net = Drawing("Auxiliary classifier")
    last = net.node("AvgPool2d", "pool", net.input(in_channels, 17, 17), kernel_size=5, stride=3)
    last = net.block("conv0", basic_conv(in_channels, 128), last, exposed=CHANNELS)
    last = net.block("conv1", basic_conv(128, 768, 5, padding="valid"), last, exposed=CHANNELS)
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": num_classes}),
    )
    return net.output(last)


class ModuleOptions(BlockOptions):
    in_channels: Count = Field(768, description="Channels that come in.")


class InceptionAOptions(ModuleOptions):
    in_channels: Count = Field(192, description="Channels that come in.")
    pool_features: Count = Field(32, description="Filters behind the pooling.")


class InceptionCOptions(ModuleOptions):
    inner: Count = Field(128, description="Channels between the 1×7 and 7×1 filters.")


def _file(letter: str, help: str, build: Callable[..., NetworkSpec], options: type[BlockOptions]) -> None:
    add(
        BlockEntry(
            id=f"inception_{letter.lower()}",
            label=f"Inception {letter} (v3)",
            help=f"{help} (Szegedy et al. 2016, Inception v3).",
            build=lambda chosen: build(**chosen.model_dump()),
            options=options,
            keywords=("inception", "factorised", "branches", "v3"),
        )
    )


_file(
    "A",
    "An inception module in which two 3×3 filters after one another see what a 5×5 one sees, with 18 weights in place "
    "of 25",
    inception_a,
    InceptionAOptions,
)
_file(
    "B",
    "Halves the picture without a bottleneck: strided convolutions and a pooling side by side, joined along the "
    "channels",
    inception_b,
    ModuleOptions,
)
_file(
    "C",
    "An inception module for middle-sized maps, in which a 7×7 filter is made of a 1×7 and a 7×1 one: 14 weights in "
    "place of 49",
    inception_c,
    InceptionCOptions,
)
_file("D", "Halves the picture like Inception B, behind filters of 1×7 and 7×1", inception_d, ModuleOptions)
_file(
    "E",
    "A wide inception module for the smallest maps: its branches end in 1×3 and 3×1 filters side by side",
    inception_e,
    ModuleOptions,
)
