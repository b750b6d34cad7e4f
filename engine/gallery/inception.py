"""Inception v3, exact to torchvision's."""

from __future__ import annotations

import re

from pydantic import Field

from engine.blocks.inception import CHANNELS, basic_conv
from engine.blocks.inception_v3 import (
    inception_a,
    inception_aux,
    inception_b,
    inception_c,
    inception_d,
    inception_e,
)
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec


class InceptionV3Options(Options):
    aux: bool = Field(True, description="Have the auxiliary classifier as a second output, which training uses.")


def _stem(net: Drawing, last: str, in_channels: int) -> str:
    pool = {"kernel_size": 3, "stride": 2}
    for id, before, channels, kernel, stride, padding in (
        ("conv1a", in_channels, 32, 3, 2, "valid"),
        ("conv2a", 32, 32, 3, 1, "valid"),
        ("conv2b", 32, 64, 3, 1, "same"),
        ("maxpool1", 0, 0, 0, 0, ""),
        ("conv3b", 64, 80, 1, 1, "valid"),
        ("conv4a", 80, 192, 3, 1, "valid"),
        ("maxpool2", 0, 0, 0, 0, ""),
    ):
        if id.startswith("maxpool"):
            last = net.node("MaxPool2d", id, last, **pool)
        else:
            inside = basic_conv(before, channels, kernel, stride=stride, padding=padding)
            last = net.block(id, inside, last, exposed=CHANNELS)
    return last


def build(options: InceptionV3Options) -> NetworkSpec:
    net = Drawing("Inception v3")
    last = _stem(net, net.input(options.in_channels, 299, 299), options.in_channels)
    for id, inside in (
        ("mixed5b", inception_a(192, 32)),
        ("mixed5c", inception_a(256, 64)),
        ("mixed5d", inception_a(288, 64)),
        ("mixed6a", inception_b(288)),
        ("mixed6b", inception_c(768, 128)),
        ("mixed6c", inception_c(768, 160)),
        ("mixed6d", inception_c(768, 160)),
        ("mixed6e", inception_c(768, 192)),
        ("mixed7a", inception_d(768)),
        ("mixed7b", inception_e(1280)),
        ("mixed7c", inception_e(2048)),
    ):
        last = net.block(id, inside, last)
    further: dict[str, str] = {}
    if options.aux:
        further["aux_output"] = net.block("aux", inception_aux(768, options.num_classes), "mixed6e")
    last = net.chain(
        last,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Dropout", "dropout", {"p": 0.5}),
        ("Flatten", "flatten"),
        ("Linear", "fc", {"out_features": options.num_classes}),
    )
    return net.outputs({"output": last, **further})


def rename(key: str) -> str:
    """torchvision's "Mixed_5b.branch1x1.conv.weight" to our "mixed5b.branch1x1.conv.weight"."""
    key = re.sub(r"^Conv2d_(\w\w)_\dx\d", r"conv\1", key)
    return re.sub(r"^Mixed_", "mixed", key).replace("AuxLogits.", "aux.")


# Table 1 of the paper, which prints the sizes that come in: each row's output is the next row's input.
TABLE = (
    PaperRow("conv, 3×3/2", "conv1a", (32, 149, 149)),
    PaperRow("conv, 3×3/1", "conv2a", (32, 147, 147)),
    PaperRow("conv padded, 3×3/1", "conv2b", (64, 147, 147)),
    PaperRow("pool, 3×3/2", "maxpool1", (64, 73, 73)),
    PaperRow("conv, 3×3/1", "conv3b", (80, 71, 71), note="1×1 in the published code and in torchvision"),
    PaperRow("conv, 3×3/2", "conv4a", (192, 35, 35), note="stride 1 in the code, and a pooling follows"),
    PaperRow("conv, 3×3/1", "mixed5b", (288, 35, 35), note="an inception module in the code"),
    PaperRow("3 × Inception (figure 5)", "mixed6a", (768, 17, 17), note="the grid reduction is counted to it"),
    PaperRow("5 × Inception (figure 6)", "mixed7a", (1280, 8, 8), note="the grid reduction is counted to it"),
    PaperRow("2 × Inception (figure 7)", "mixed7c", (2048, 8, 8)),
    PaperRow("pool, 8×8", "avgpool", (2048, 1, 1)),
    PaperRow("linear", "fc", (1000,), note="logits"),
)

add(
    GalleryEntry(
        id="inception_v3",
        name="Inception v3",
        year=2015,
        authors="Szegedy, Vanhoucke, Ioffe, Shlens, Wojna",
        task="classification",
        source="torchvision",
        idea="Large filters are factorised: 5×5 into two of 3×3, 7×7 into 1×7 and 7×1, so that the same view costs a "
        "fraction. The grid shrinks by strided filters and pooling side by side, so that no layer is a bottleneck. An "
        "auxiliary classifier with batch normalisation regularises the training.",
        merit="21.2 % top-1 and 5.6 % top-5 error on ILSVRC 2012 validation, single crop",
        build=build,
        options=InceptionV3Options,
        paper="Rethinking the Inception Architecture for Computer Vision, CVPR 2016",
        table=TABLE,
        smallest=(299, 299),
        torchvision="inception_v3",
        rename=rename,
    )
)
