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


def double_conv(in_channels: int, channels: int, padded: bool = True, normalised: bool = False) -> NetworkSpec:
    """Two 3×3 convolutions with their ReLUs, and batch normalisation between if `normalised`.

    Unpadded each takes a pixel off every side.
    """
    net = Drawing("Double convolution")
    return net.output(_pair(net, net.input(in_channels, 64, 64), channels, padded, normalised))


def expanding_step(in_channels: int, channels: int, padded: bool = True, normalised: bool = False) -> NetworkSpec:
    """2×2 up-convolution to `channels`, copy and crop of the skipped maps, two 3×3 convolutions.

    Ports: the skipped maps of the contracting path, and "below", what comes from the level below.
    """
    net = Drawing("Expanding step")
    skip = net.input(channels, 64, 64)
    below = net.input(in_channels, 32, 32, id="below")
    up = net.node("ConvTranspose2d", "upconv", below, out_channels=channels, kernel_size=2, stride=2)
    if not padded:
        skip = net.node("CropLike", "crop", {"in": skip, "like": up})
    return net.output(_pair(net, net.node("Concatenate", "concat", [skip, up]), channels, padded, normalised))


def _pair(net: Drawing, after: str, channels: int, padded: bool, normalised: bool) -> str:
    conv: dict[str, Any] = {"out_channels": channels, "kernel_size": 3, "padding": 1 if padded else 0}
    for number in (1, 2):
        after = net.node("Conv2d", f"conv{number}", after, **conv)
        if normalised:
            after = net.node("BatchNorm2d", f"norm{number}", after)
        after = net.node("ReLU", f"relu{number}", after)
    return after


class DoubleConvOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    channels: Count = Field(128, description="Width of both convolutions.")
    padded: bool = Field(True, description="Keep the size; without padding each convolution takes off a border.")
    normalised: bool = Field(False, description="Batch normalisation behind each convolution, for a quicker start.")


class ExpandingOptions(BlockOptions):
    in_channels: Count = Field(128, description="Channels that come from below.")
    channels: Count = Field(64, description="Channels that go out, as many as the skipped maps have.")
    padded: bool = Field(True, description="Keep the size; without padding the skipped maps are cropped.")
    normalised: bool = Field(False, description="Batch normalisation behind each convolution, for a quicker start.")


add(
    BlockEntry(
        id="double_conv",
        label="Double convolution",
        help="Two 3×3 convolutions, each with a ReLU, as on every level of a U-Net. Together they see as far as one of "
        "5×5, with fewer weights and one more bend (Ronneberger et al. 2015).",
        build=lambda options: double_conv(**options.model_dump()),
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
        build=lambda options: expanding_step(**options.model_dump()),
        options=ExpandingOptions,
        keywords=("unet", "upsample", "skip", "decoder", "segmentation"),
    )
)
