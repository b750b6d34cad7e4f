"""Xception, as published; parameters as Keras counts them."""

from __future__ import annotations

from collections.abc import Sequence

from engine.blocks.conv_norm_activation import conv_norm
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

POOL = {"kernel_size": 3, "stride": 2, "padding": 1}
MIDDLE = 728


def separable_norm(id: str, out_channels: int) -> list[tuple[str, str, dict[str, object]]]:
    """Depthwise, pointwise, normalisation: Xception has nothing between the first two, which the paper found best."""
    depthwise = {"kernel_size": 3, "bias": False}
    pointwise = conv_norm(f"{id}_pointwise", out_channels, activation="none")
    return [("DepthwiseConv2d", f"{id}_depthwise", depthwise), *pointwise]


def residual(in_channels: int, widths: Sequence[int], *, first_relu: bool = True, pool: bool = True) -> NetworkSpec:
    """Separable convolutions of these widths, each after a ReLU, and the shortcut.

    With `pool` the block halves the picture, and a 1×1 convolution of stride 2 makes the shortcut fit.
    """
    net = Drawing("Residual")
    start = last = net.input(in_channels, 74, 74)
    width = in_channels
    for number, after in enumerate(widths, start=1):
        if first_relu or number > 1:
            last = net.node("ReLU", f"relu{number}", last)
        last = net.chain(last, *separable_norm(f"sep{number}", after))
        width = after
    shortcut = start
    if pool:
        last = net.node("MaxPool2d", "pool", last, **POOL)
        shortcut = net.chain(start, *conv_norm("shortcut", width, stride=2, activation="none"))
    return net.output(net.node("Add", "add", [last, shortcut]))


def entry_flow(in_channels: int) -> NetworkSpec:
    """Two convolutions and three blocks that halve the picture: 299×299×3 to 19×19×728."""
    net = Drawing("Entry flow")
    last = net.input(in_channels, 299, 299)
    for number, (width, stride) in enumerate(((32, 2), (64, 1)), start=1):
        params = {"out_channels": width, "kernel_size": 3, "stride": stride, "bias": False}
        last = net.chain(
            last,
            ("Conv2d", f"conv{number}", params),
            ("BatchNorm2d", f"conv{number}_norm"),
            ("ReLU", f"conv{number}_act"),
        )
    before = 64
    for number, width in enumerate((128, 256, MIDDLE), start=2):
        last = net.block(f"block{number}", residual(before, (width, width), first_relu=number > 2), last)
        before = width
    return net.output(last)


def middle_flow() -> NetworkSpec:
    """Eight equal blocks of three separable convolutions."""
    net = Drawing("Middle flow")
    last = net.input(MIDDLE, 19, 19)
    for number in range(5, 13):
        last = net.block(f"block{number}", residual(MIDDLE, (MIDDLE,) * 3, pool=False), last)
    return net.output(last)


def exit_flow() -> NetworkSpec:
    """One more block that halves the picture, then two wide separable convolutions: 19×19×728 to 10×10×2048."""
    net = Drawing("Exit flow")
    last = net.block("block13", residual(MIDDLE, (MIDDLE, 1024)), net.input(MIDDLE, 19, 19))
    for number, width in enumerate((1536, 2048), start=1):
        last = net.chain(last, *separable_norm(f"sep{number}", width), ("ReLU", f"relu{number}"))
    return net.output(last)


def build(options: Options) -> NetworkSpec:
    net = Drawing("Xception")
    last = net.block("entry_flow", entry_flow(options.in_channels), net.input(options.in_channels, 299, 299))
    last = net.block("exit_flow", exit_flow(), net.block("middle_flow", middle_flow(), last))
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


add(
    GalleryEntry(
        id="xception",
        name="Xception",
        year=2017,
        authors="Chollet",
        task="classification",
        source="paper",
        idea="An inception module looks at channels and at places separately; taken to its extreme that is a depthwise "
        "separable convolution, and the whole network is built of these, with residual shortcuts. Fourteen blocks in "
        "an entry, a middle and an exit flow. Its 22,855,952 parameters are those that Keras calls trainable; the "
        "54,528 running means and variances of batch normalisation come on top and are learned by no gradient.",
        merit="79.0 % top-1 and 94.5 % top-5 accuracy on ImageNet",
        build=build,
        paper="Xception: Deep Learning with Depthwise Separable Convolutions, CVPR 2017",
        table=(
            PaperRow("Entry flow", "entry_flow", (728, 19, 19)),
            PaperRow("Middle flow, repeated 8 times", "middle_flow", (728, 19, 19)),
            PaperRow("Exit flow: SeparableConv 2048, 3×3", "exit_flow", None, note="the paper prints no size"),
            PaperRow("GlobalAveragePooling", "avgpool", None, note="2048-dimensional vectors"),
            PaperRow("Optional fully-connected layers, logistic regression", "fc", None, note="none of the former"),
        ),
        smallest=(64, 64),
    )
)
