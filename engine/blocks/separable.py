"""Depthwise separable convolution: filter each channel by itself, then mix the channels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.blocks.conv_norm_activation import conv_norm, depthwise_norm
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count, Extent


def separable(
    in_channels: int, out_channels: int, kernel_size: int = 3, *, stride: int = 1, activation: str = "ReLU"
) -> NetworkSpec:
    """Depthwise and pointwise convolution, each with normalisation and activation (Howard et al. 2017, figure 3)."""
    net = Drawing("Separable")
    last = net.chain(
        net.input(in_channels, 56, 56),
        *depthwise_norm("depthwise", kernel_size, stride=stride, activation=activation),
        *conv_norm("pointwise", out_channels, activation=activation),
    )
    return net.output(last)


EXPOSED = {
    "channels": [("pointwise", "out_channels", 1)],
    "kernel size": [("depthwise", "kernel_size", 1)],
    "stride": [("depthwise", "stride", 1)],
}


class SeparableOptions(BlockOptions):
    in_channels: Count = Field(64, description="Channels that come in.")
    out_channels: Count = Field(64, description="Feature maps that come out.")
    kernel_size: Extent = Field(3, description="Size of the depthwise filters; odd.")
    stride: Extent = Field(1, description="2 halves the picture.")
    activation: Literal["ReLU", "ReLU6", "Hardswish", "SiLU"] = Field("ReLU", description="The bend after each part.")


add(
    BlockEntry(
        id="separable",
        label="Depthwise separable convolution",
        help="A convolution in two steps: one filter for each channel by itself, then a 1×1 convolution that mixes the "
        "channels. With 3×3 filters it does nearly what a full convolution does, for eight to nine times less work "
        "(MobileNet, Howard et al. 2017).",
        build=lambda options: separable(
            options.in_channels,
            options.out_channels,
            options.kernel_size,
            stride=options.stride,
            activation=options.activation,
        ),
        options=SeparableOptions,
        keywords=("mobilenet", "xception", "depthwise", "pointwise"),
        exposed=lambda options: EXPOSED,
    )
)
