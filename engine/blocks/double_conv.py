"""Blocks of U-Net: two convolutions, and the step of the expanding path."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Targets = dict[str, list[tuple[str, str, int]]]
EXPOSED: Targets = {"channels": [("conv1", "out_channels", 1), ("conv2", "out_channels", 1)]}


def double_conv(in_channels: int, channels: int, padded: bool = True) -> NetworkSpec:
    """Two 3×3 convolutions with their ReLUs; unpadded each takes a pixel off every side."""
    net = Drawing("Double convolution")
    return net.output(_pair(net, net.input(in_channels, 64, 64), channels, padded))


def expanding_step(in_channels: int, channels: int, padded: bool = True) -> NetworkSpec:
    """2×2 up-convolution to `channels`, copy and crop of the skipped maps, two 3×3 convolutions.

    Ports: the skipped maps of the contracting path, and "below", what comes from the level below.
    """
    net = Drawing("Expanding step")
    skip = net.input(channels, 64, 64)
    below = net.input(in_channels, 32, 32, id="below")
    up = net.node("ConvTranspose2d", "upconv", below, out_channels=channels, kernel_size=2, stride=2)
    if not padded:
        skip = net.node("CropLike", "crop", {"in": skip, "like": up})
    return net.output(_pair(net, net.node("Concatenate", "concat", [skip, up]), channels, padded))


def _pair(net: Drawing, after: str, channels: int, padded: bool) -> str:
    conv: dict[str, Any] = {"out_channels": channels, "kernel_size": 3, "padding": 1 if padded else 0}
    return net.chain(after, ("Conv2d", "conv1", conv), ("ReLU", "relu1"), ("Conv2d", "conv2", conv), ("ReLU", "relu2"))


class DoubleConvOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    channels: Count = Field(128, description="Width of both convolutions.")
    padded: bool = Field(True, description="Keep the size; without padding each convolution takes off a border.")


class ExpandingOptions(BlockOptions):
    in_channels: Count = Field(128, description="Channels that come from below.")
    channels: Count = Field(64, description="Channels that go out, as many as the skipped maps have.")
    padded: bool = Field(True, description="Keep the size; without padding the skipped maps are cropped.")


add(
    BlockEntry(
        id="double_conv",
        label="Double convolution",
        help="Two 3×3 convolutions, each with a ReLU, as on every level of a U-Net. Together they see as far as one of "
        "5×5, with fewer weights and one more bend (Ronneberger et al. 2015).",
        build=lambda options: double_conv(options.in_channels, options.channels, options.padded),
        options=DoubleConvOptions,
        keywords=("unet", "contracting", "segmentation"),
        exposed=lambda options: EXPOSED,
    )
)
add(
    BlockEntry(
        id="expanding_step",
        label="Expanding step",
        help="Doubles the size by a learned up-convolution, joins the sharp maps of that size from the way down, and "
        "filters both by two convolutions: where things are meets what they are (Ronneberger et al. 2015).",
        build=lambda options: expanding_step(options.in_channels, options.channels, options.padded),
        options=ExpandingOptions,
        keywords=("unet", "upsample", "skip", "decoder", "segmentation"),
    )
)
