"""VGG, exact to torchvision's; its convolutional part is also the backbone of FCN and PixelNet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from engine.blocks.vgg_stage import exposed, vgg_stage
from engine.gallery.alexnet import dense_head
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.gallery.widths import scaled
from engine.graph.spec import NetworkSpec

Depths = tuple[int, int, int, int, int]
WIDTHS = (64, 128, 256, 512, 512)
DEPTHS: Mapping[int, Depths] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions in each of the five stages."""


class VggOptions(Options):
    width: float = Field(1.0, gt=0, le=4, description="Factor on the widths of all layers.")


def features(
    net: Drawing,
    after: str,
    depths: Sequence[int],
    *,
    in_channels: int = 3,
    width: float = 1.0,
    first_padding: int = 1,
    normalised: bool = False,
    pool: Mapping[str, Any] | None = None,
) -> str:
    """Draw block1, pool1, ... block5, pool5; returns the last id.

    Each block holds the convolutions of one stage and ends in a ReLU: block3 gives what papers call conv3_3.
    """
    for number, (depth, channels) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
        wide = scaled(channels, width)
        inside = vgg_stage(in_channels, wide, depth, number, first_padding if number == 1 else 1, normalised)
        last = net.block(f"block{number}", inside, after, exposed=exposed(depth, number))
        after = net.node("MaxPool2d", f"pool{number}", last, **{"kernel_size": 2, "stride": 2, **(pool or {})})
        in_channels = wide
    return after


def rename(depths: Depths) -> Callable[[str], str | None]:
    """torchvision's "features.5.weight" to our "block2.conv2_1.weight"."""
    names, place = {"classifier.0": "fc6", "classifier.3": "fc7", "classifier.6": "fc8"}, 0
    for number, depth in enumerate(depths, start=1):
        for index in range(1, depth + 1):
            names[f"features.{place}"] = f"block{number}.conv{number}_{index}"
            place += 2
        place += 1

    def renamed(key: str) -> str | None:
        module, _, weight = key.rpartition(".")
        return f"{names[module]}.{weight}" if module in names else None

    return renamed


def _build(depth: int, options: VggOptions) -> NetworkSpec:
    net = Drawing(f"VGG-{depth}")
    last = net.input(options.in_channels, 224, 224)
    last = features(net, last, DEPTHS[depth], in_channels=options.in_channels, width=options.width)
    last = net.node("AdaptiveAvgPool2d", "avgpool", last, output_size=7)
    return net.output(dense_head(net, last, options.num_classes, scaled(4096, options.width)))


def _table(depths: Depths) -> tuple[PaperRow, ...]:
    """One column of the paper's table 1, which names widths and prints no sizes."""
    rows: list[PaperRow] = []
    for number, (depth, width) in enumerate(zip(depths, WIDTHS, strict=True), start=1):
        ids = (f"block{number}.conv{number}_{index}" for index in range(1, depth + 1))
        rows.extend(PaperRow(f"conv3-{width}", id) for id in ids)
        rows.append(PaperRow("maxpool", f"pool{number}"))
    dense = [PaperRow(f"FC-{width}", id) for width, id in ((4096, "fc6"), (4096, "fc7"), (1000, "fc8"))]
    return (*rows, *dense)


def _entry(depth: int, column: str, top5: str) -> None:
    add(
        GalleryEntry(
            id=f"vgg{depth}",
            name=f"VGG-{depth}",
            year=2014,
            authors="Simonyan, Zisserman",
            task="classification",
            source="torchvision",
            idea="Only 3×3 convolutions, stacked deep: two of them see as much as one of 5×5, with fewer weights and "
            "one more bend. The widths double after each pooling, from 64 to 512. Nine tenths of its parameters stand "
            "in the first dense layer and the two after it.",
            merit=f"{top5} % top-5 error on ImageNet validation at one scale (configuration {column}); "
            "7.3 % at ILSVRC 2014 as an ensemble",
            build=lambda options: _build(depth, options),
            options=VggOptions,
            paper="Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
            table=_table(DEPTHS[depth]),
            smallest=(32, 32),
            torchvision=f"vgg{depth}",
            rename=rename(DEPTHS[depth]),
        )
    )


_entry(11, "A", "10.4")
_entry(13, "B", "9.9")
_entry(16, "D", "8.1")
_entry(19, "E", "8.0")
