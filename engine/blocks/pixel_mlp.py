"""A dense network that looks at one pixel at a time."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def pixel_mlp(in_channels: int, width: int, num_classes: int, depth: int = 3, drop: float = 0.5) -> NetworkSpec:
    """`depth` layers with ReLU and dropout, and the scores, for each pixel by itself: 1×1 convolutions."""
    net = Drawing("Pixel MLP")
    last = net.input(in_channels, 56, 56)
    for number in range(1, depth + 1):
        last = net.chain(
            last,
            ("Conv2d", f"fc{number}", {"out_channels": width, "kernel_size": 1}),
            ("ReLU", f"relu{number}"),
            ("Dropout", f"drop{number}", {"p": drop}),
        )
    return net.output(net.node("Conv2d", "score", last, out_channels=num_classes, kernel_size=1))


class PixelMlpOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    width: Count = Field(128, description="Width of the layers.")
    num_classes: Count = Field(10, description="Values of a pixel that come out.")
    depth: int = Field(3, ge=1, le=16, description="How many layers before the scores.")
    drop: float = Field(0.5, ge=0, lt=1, description="Dropout behind each layer.")


add(
    BlockEntry(
        id="pixel_mlp",
        label="Pixel MLP",
        help="A small dense network that is applied to every pixel by itself, with the same weights everywhere: 1×1 "
        "convolutions with ReLU and dropout. It bends the joined maps of several levels into an answer for each pixel "
        "(Bansal et al. 2017, PixelNet).",
        build=lambda options: pixel_mlp(**options.model_dump()),
        options=PixelMlpOptions,
        keywords=("pixelnet", "1x1", "dense", "per pixel", "segmentation"),
        exposed=lambda options: {
            "width": [(f"fc{number}", "out_channels", 1) for number in range(1, options.depth + 1)]
        },
    )
)
