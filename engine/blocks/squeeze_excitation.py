"""Squeeze and excitation: channels that weigh themselves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


def squeeze_excitation(channels: int, squeezed: int, *, activation: str = "ReLU", gate: str = "Sigmoid") -> NetworkSpec:
    """x · gate(fc2(activation(fc1(mean of x)))), both dense layers as 1×1 convolutions (Hu et al. 2018, figure 1)."""
    net = Drawing("Squeeze-excite")
    start = net.input(channels, 56, 56)
    weights = net.chain(
        start,
        ("AdaptiveAvgPool2d", "avgpool"),
        ("Conv2d", "fc1", {"out_channels": squeezed, "kernel_size": 1}),
        (activation, "act"),
        ("Conv2d", "fc2", {"out_channels": channels, "kernel_size": 1}),
        (gate, "gate"),
    )
    return net.output(net.node("Multiply", "scale", [weights, start]))


class SqueezeOptions(BlockOptions):
    channels: Count = Field(64, description="Channels that come in and go out.")
    squeezed: Count = Field(16, description="Width in between; the paper takes a sixteenth of the channels.")
    activation: Literal["ReLU", "SiLU"] = Field("ReLU", description="The bend between the two dense layers.")
    gate: Literal["Sigmoid", "Hardsigmoid"] = Field("Sigmoid", description="What makes weights of the scores.")


add(
    BlockEntry(
        id="squeeze_excitation",
        label="Squeeze and excitation",
        help="Each channel is averaged over the picture, two small dense layers turn these averages into one weight "
        "per channel, and every channel is multiplied by its weight (Hu, Shen and Sun 2018). For about 2 to 10 % "
        "more parameters the network can turn channels up and down by what the whole picture shows.",
        build=lambda options: squeeze_excitation(
            options.channels, options.squeezed, activation=options.activation, gate=options.gate
        ),
        options=SqueezeOptions,
        category="attention",
        keywords=("se", "senet", "channel attention", "gate"),
        exposed=lambda options: {"squeezed width": [("fc1", "out_channels", 1)]},
    )
)
