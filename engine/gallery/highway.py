"""Highway networks, dense or convolutional."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.highway import Activation, Kind, highway
from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


class HighwayOptions(Options):
    num_classes: int = Field(10, ge=1, le=1_000_000, description="How many classes the network tells apart.")
    in_channels: int = Field(1, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")
    size: int = Field(28, ge=8, le=4096, description="Height and width of the pictures.")
    kind: Kind = Field("dense", description="Dense highway layers, or convolutional ones with pooling between.")
    depth: int = Field(10, ge=1, le=100, description="Number of highway layers.")
    width: Count = Field(50, description="Units or channels of each highway layer.")
    activation: Activation = Field("ReLU", description="The bend of what is transformed.")
    gate_bias: float = Field(-2.0, ge=-100, le=100, description="Start of the gates; negative begins with carrying.")


def build(options: HighwayOptions) -> NetworkSpec:
    net = Drawing("Highway network")
    start = net.input(options.in_channels, options.size, options.size)
    last = _dense(net, start, options) if options.kind == "dense" else _convolutional(net, start, options)
    return net.output(net.node("Linear", "fc", last, out_features=options.num_classes))


def _dense(net: Drawing, start: str, options: HighwayOptions) -> str:
    last = net.chain(
        start,
        ("Flatten", "flatten"),
        ("Linear", "plain", {"out_features": options.width}),
        (options.activation, "plain_act"),
    )
    for number in range(1, options.depth + 1):
        last = _layer(net, number, last, options)
    return last


def _convolutional(net: Drawing, start: str, options: HighwayOptions) -> str:
    """Three groups of highway layers with a pooling behind each of the first two, then global average pooling."""
    last = net.chain(
        start,
        ("Conv2d", "plain", {"out_channels": options.width, "kernel_size": 3, "padding": 1}),
        (options.activation, "plain_act"),
    )
    third = -(-options.depth // 3)
    for number in range(1, options.depth + 1):
        last = _layer(net, number, last, options)
        if number % third == 0 and number < options.depth:
            last = net.node("MaxPool2d", f"pool{number // third}", last, kernel_size=2)
    return net.chain(last, ("AdaptiveAvgPool2d", "avgpool"), ("Flatten", "flatten"))


def _layer(net: Drawing, number: int, after: str, options: HighwayOptions) -> str:
    inside = highway(options.width, options.kind, activation=options.activation, gate_bias=options.gate_bias)
    return net.block(f"highway{number}", inside, after)


add(
    GalleryEntry(
        id="highway",
        name="Highway network",
        year=2015,
        authors="Srivastava, Greff, Schmidhuber",
        task="classification",
        source="paper",
        idea="Each layer has a gate, learned from its input, that mixes what the layer computes with the input itself: "
        "T·H(x) + (1 − T)·x. The gates begin nearly closed, so that information crosses many layers unchanged and "
        "networks of a hundred layers could be trained for the first time. Residual networks came half a year later, "
        "with both ways always open.",
        merit="0.45 % errors on MNIST with ten convolutional layers and 151,000 parameters",
        build=build,
        options=HighwayOptions,
        paper="Training Very Deep Networks, NeurIPS 2015",
        smallest=(8, 8),
    )
)
