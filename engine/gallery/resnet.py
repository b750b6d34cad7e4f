"""Residual networks, exact to torchvision's."""

from __future__ import annotations

import re

from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.graph.spec import NetworkSpec


def basic_block(in_channels: int, channels: int, stride: int) -> NetworkSpec:
    """Two 3×3 convolutions and a shortcut; a 1×1 projection where the size or the width changes (He et al. 2015)."""
    net = Drawing("Basic block")
    start = net.input(in_channels, 56, 56)
    main = net.chain(
        start,
        (
            "Conv2d",
            "conv1",
            {"out_channels": channels, "kernel_size": 3, "stride": stride, "padding": 1, "bias": False},
        ),
        ("BatchNorm2d", "bn1"),
        ("ReLU", "relu1"),
        ("Conv2d", "conv2", {"out_channels": channels, "kernel_size": 3, "padding": 1, "bias": False}),
        ("BatchNorm2d", "bn2"),
    )
    shortcut = start
    if stride != 1 or in_channels != channels:
        shortcut = net.chain(
            start,
            ("Conv2d", "downsample_0", {"out_channels": channels, "kernel_size": 1, "stride": stride, "bias": False}),
            ("BatchNorm2d", "downsample_1"),
        )
    return net.output(net.node("ReLU", "relu2", net.node("Add", "add", [main, shortcut])))


def build_basic(name: str, depths: tuple[int, ...], options: Options) -> NetworkSpec:
    """A ResNet of basic blocks with `depths` blocks in its four stages of 64, 128, 256 and 512 channels."""
    net = Drawing(name)
    last = net.chain(
        net.input(options.in_channels, 224, 224),
        ("Conv2d", "conv1", {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3, "bias": False}),
        ("BatchNorm2d", "bn1"),
        ("ReLU", "relu"),
        ("MaxPool2d", "maxpool", {"kernel_size": 3, "stride": 2, "padding": 1}),
    )
    width = 64
    for stage, depth in enumerate(depths, start=1):
        channels = 64 * 2 ** (stage - 1)
        for index in range(depth):
            stride = 2 if stage > 1 and index == 0 else 1
            last = net.block(f"layer{stage}_{index}", basic_block(width, channels, stride), last)
            width = channels
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.output(last)


def rename(key: str) -> str:
    """torchvision's "layer1.0.downsample.0.weight" to our "layer1_0.downsample_0.weight"."""
    return re.sub(r"^layer(\d)\.(\d+)\.", r"layer\1_\2.", key).replace("downsample.", "downsample_")


def _resnet18(options: Options) -> NetworkSpec:
    return build_basic("ResNet-18", (2, 2, 2, 2), options)


add(
    GalleryEntry(
        id="resnet18",
        name="ResNet-18",
        year=2015,
        authors="He, Zhang, Ren, Sun",
        task="classification",
        source="torchvision",
        idea="Each block learns a correction that is added to its input, so the shortest way for the gradient has "
        "no weights in it and depth stops hurting. Eight blocks of two 3×3 convolutions, widths doubling as "
        "the picture halves. Global average pooling leaves one small dense layer.",
        merit="3.57 % top-5 error on ILSVRC 2015 (ensemble of deeper ones)",
        build=_resnet18,
        rename=rename,
    )
)
