"""A stage that doubles a picture: transposed convolution, normalisation, activation."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent

Activation = Literal["ReLU", "LeakyReLU", "SiLU", "Tanh", "Sigmoid", "none"]


def growing(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 4,
    *,
    size: int = 8,
    normalised: bool = True,
    activation: str = "ReLU",
) -> NetworkSpec:
    """(C, H, W) to (K, 2H, 2W), whatever the kernel; `size` is only what the inside is drawn for."""
    # Twice the size exactly: 2(W − 1) − 2P + F + O = 2W.
    padding = (kernel_size - 1) // 2
    settings: dict[str, Any] = {"out_channels": out_channels, "kernel_size": kernel_size, "stride": 2}
    if padding:
        settings["padding"] = padding
    if kernel_size % 2:
        settings["output_padding"] = 1
    if normalised:
        settings["bias"] = False
    net = Drawing("Growing stage")
    last = net.node("ConvTranspose2d", "grow", net.input(in_channels, size, size), **settings)
    if normalised:
        last = net.node("BatchNorm2d", "norm", last)
    if activation != "none":
        last = net.node(activation, "act", last)
    return net.output(last)


EXPOSED = {"channels": [("grow", "out_channels", 1)]}


class GrowingOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    out_channels: Count = Field(32, description="Feature maps that come out.")
    kernel_size: int = Field(4, ge=2, le=64, description="Size of the stamp; multiples of 2 leave no checkerboard.")
    size: Extent = Field(8, description="Height and width that the inside is drawn for.")
    normalised: bool = Field(True, description="Normalise the channels over the batch.")
    activation: Activation = Field("ReLU", description="The bend at the end.")


add(
    BlockEntry(
        id="growing",
        label="Growing stage",
        help="Doubles the height and width of a picture: a transposed convolution with stride 2, the batch "
        "normalisation of its channels and an activation. Decoders and generators are stacks of it.",
        build=lambda options: growing(**options.model_dump()),
        options=GrowingOptions,
        keywords=("transposed convolution", "decoder", "generator", "upsample", "dcgan"),
        exposed=lambda options: EXPOSED,
    )
)
