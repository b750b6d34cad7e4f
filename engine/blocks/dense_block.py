"""Dense blocks: every layer sees the feature maps of all layers before it."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Targets = dict[str, list[tuple[str, str, int]]]
BOTTLENECK = 4
"""The 1×1 convolution of a dense layer gives this many times the growth rate."""


def dense_layer(in_channels: int, growth: int, bottleneck: int = BOTTLENECK, drop: float = 0.0) -> NetworkSpec:
    """BN, ReLU, 1×1 convolution, BN, ReLU, 3×3 convolution (Huang et al. 2017, DenseNet-B)."""
    net = Drawing("Dense layer")
    last = net.chain(
        net.input(in_channels, 56, 56),
        ("BatchNorm2d", "norm1"),
        ("ReLU", "relu1"),
        ("Conv2d", "conv1", {"out_channels": bottleneck * growth, "kernel_size": 1, "bias": False}),
        ("BatchNorm2d", "norm2"),
        ("ReLU", "relu2"),
        ("Conv2d", "conv2", {"out_channels": growth, "kernel_size": 3, "padding": 1, "bias": False}),
    )
    if drop:
        last = net.node("Dropout", "dropout", last, p=drop)
    return net.output(last)


def dense_block(
    in_channels: int, depth: int, growth: int, bottleneck: int = BOTTLENECK, drop: float = 0.0
) -> NetworkSpec:
    """`depth` dense layers, each followed by a concatenation of its maps with everything before it.

    The concatenations are drawn one after another, so that 48 layers stay readable: the same maps in the same order
    as if each layer were connected to all before it, L(L + 1)/2 connections in all.
    """
    net = Drawing(f"{depth} dense layers")
    last, width = net.input(in_channels, 56, 56), in_channels
    for number in range(1, depth + 1):
        inside = dense_layer(width, growth, bottleneck, drop)
        new = net.block(f"denselayer{number}", inside, last, exposed=layer_exposed(bottleneck))
        last = net.node("Concatenate", f"concat{number}", [last, new])
        width += growth
    return net.output(last)


def transition(in_channels: int, out_channels: int) -> NetworkSpec:
    """BN, ReLU, 1×1 convolution, 2×2 average pooling: fewer maps of half the size."""
    net = Drawing("Transition")
    last = net.chain(
        net.input(in_channels, 56, 56),
        ("BatchNorm2d", "norm"),
        ("ReLU", "relu"),
        ("Conv2d", "conv", {"out_channels": out_channels, "kernel_size": 1, "bias": False}),
        ("AvgPool2d", "pool", {"kernel_size": 2, "stride": 2}),
    )
    return net.output(last)


def layer_exposed(bottleneck: int = BOTTLENECK) -> Targets:
    """The growth rate of a single dense layer."""
    return {"growth rate": [("conv2", "out_channels", 1), ("conv1", "out_channels", bottleneck)]}


def block_exposed(depth: int, bottleneck: int = BOTTLENECK) -> Targets:
    """The growth rate of a whole dense block: written to both convolutions of all its layers."""
    layers = [f"denselayer{number}" for number in range(1, depth + 1)]
    wide = [(f"{layer}.conv2", "out_channels", 1) for layer in layers]
    return {"growth rate": [*wide, *((f"{layer}.conv1", "out_channels", bottleneck) for layer in layers)]}


TRANSITION_EXPOSED: Targets = {"channels": [("conv", "out_channels", 1)]}


class DenseBlockOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    depth: int = Field(6, ge=1, le=64, description="How many dense layers.")
    growth: Count = Field(32, description="Feature maps that each layer adds, the growth rate k.")
    drop: float = Field(0.0, ge=0, lt=1, description="Dropout behind each layer.")


class TransitionOptions(BlockOptions):
    in_channels: Count = Field(256, description="Channels that come in.")
    out_channels: Count = Field(128, description="Channels that go out; DenseNet halves them.")


add(
    BlockEntry(
        id="dense_block",
        label="Dense block",
        help="Each layer gets the feature maps of all layers before it and adds a few of its own, k of them: the "
        "growth rate. Features are used again in place of being learned again, and every layer is close to the "
        "loss, so a few thin layers go far (Huang et al. 2017).",
        build=lambda options: dense_block(options.in_channels, options.depth, options.growth, drop=options.drop),
        options=DenseBlockOptions,
        keywords=("densenet", "growth rate", "concatenate", "skip"),
        exposed=lambda options: block_exposed(options.depth),
    )
)
add(
    BlockEntry(
        id="transition",
        label="Transition",
        help="Stands between two dense blocks: a 1×1 convolution halves the number of feature maps and average pooling "
        "their size, so that the next block need not begin with all that has gathered (Huang et al. 2017).",
        build=lambda options: transition(options.in_channels, options.out_channels),
        options=TransitionOptions,
        category="pooling",
        keywords=("densenet", "compression", "downsample"),
        exposed=lambda options: TRANSITION_EXPOSED,
    )
)
