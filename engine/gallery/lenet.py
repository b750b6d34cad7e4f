"""LeNet-5, as published and as usually built today."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

AUTHORS = "LeCun, Bottou, Bengio, Haffner"
PAPER = "Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE 1998"

# Section II.B of the paper, with its numbers of trainable parameters.
TABLE = (
    PaperRow("input", "input", (1, 32, 32)),
    PaperRow("C1", "c1", (6, 28, 28), 156, "122,304 connections"),
    PaperRow("S2", "s2", (6, 14, 14), 12, "5,880 connections"),
    PaperRow("C3", "c3", (16, 10, 10), 1516, "151,600 connections"),
    PaperRow("S4", "s4", (16, 5, 5), 32, "2,000 connections"),
    PaperRow("C5", "c5", (120, 1, 1), 48_120),
    PaperRow("F6", "f6", (84,), 10_164),
    PaperRow("output", "rbf", (10,), 0, "ten radial basis function units with fixed codes"),
)


class PaperOptions(Options):
    num_classes: Literal[10] = Field(10, description="Ten: the output units hold drawings of the ten digits.")
    in_channels: Literal[1] = Field(1, description="Grey pictures.")


class ModernOptions(Options):
    num_classes: int = Field(10, ge=1, le=1_000_000, description="How many classes the network tells apart.")
    in_channels: int = Field(1, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")
    activation: Literal["ReLU", "Tanh", "Sigmoid"] = Field("ReLU", description="The bend after each layer.")


def build_paper(options: PaperOptions) -> NetworkSpec:
    net = Drawing("LeNet-5")
    last = net.chain(
        net.input(1, 32, 32),
        ("Conv2d", "c1", {"out_channels": 6, "kernel_size": 5}),
        ("ScaledTanh", "tanh1"),
        ("Subsample2d", "s2"),
        ("ScaledTanh", "tanh2"),
        ("SparseConv2d", "c3"),
        ("ScaledTanh", "tanh3"),
        ("Subsample2d", "s4"),
        ("ScaledTanh", "tanh4"),
        ("Conv2d", "c5", {"out_channels": 120, "kernel_size": 5}),
        ("ScaledTanh", "tanh5"),
        ("Flatten", "flatten"),
        ("Linear", "f6", {"out_features": 84}),
        ("ScaledTanh", "tanh6"),
        ("RBF", "rbf"),
    )
    return net.output(last)


def build_modern(options: ModernOptions) -> NetworkSpec:
    net = Drawing("LeNet-5 (modern)")
    bend = options.activation
    name = bend.lower()
    last = net.chain(
        net.input(options.in_channels, 32, 32),
        ("Conv2d", "conv1", {"out_channels": 6, "kernel_size": 5}),
        (bend, f"{name}1"),
        ("AvgPool2d", "pool1"),
        ("Conv2d", "conv2", {"out_channels": 16, "kernel_size": 5}),
        (bend, f"{name}2"),
        ("AvgPool2d", "pool2"),
        ("Flatten", "flatten"),
        ("Linear", "fc1", {"out_features": 120}),
        (bend, f"{name}3"),
        ("Linear", "fc2", {"out_features": 84}),
        (bend, f"{name}4"),
        ("Linear", "fc3", {"out_features": options.num_classes}),
    )
    return net.output(last)


add(
    GalleryEntry(
        id="lenet5",
        name="LeNet-5",
        year=1998,
        authors=AUTHORS,
        task="classification",
        source="paper",
        idea="Convolutions and subsampling in turn, trained end to end, read the digits on bank cheques. It is drawn "
        "as published: trainable subsampling, a sparse connection table in C3, scaled tanh and output units that "
        "compare with drawings of the digits. It has 60,000 trainable parameters.",
        merit="0.95 % errors on MNIST, 0.8 % with distortions",
        build=build_paper,
        options=PaperOptions,
        paper=PAPER,
        table=TABLE,
        smallest=(32, 32),
    )
)
add(
    GalleryEntry(
        id="lenet5_modern",
        name="LeNet-5 (modern)",
        year=1998,
        authors=AUTHORS,
        task="classification",
        source="modern",
        idea="LeNet-5 as it is usually built today: a dense third layer, plain average pooling and a softmax (which "
        "is part of the loss). Small enough to train in a minute without a GPU, with every part of a convolutional "
        "network in it. The first network to draw by hand.",
        build=build_modern,
        options=ModernOptions,
        paper=PAPER,
        smallest=(16, 16),
    )
)
