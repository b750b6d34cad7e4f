"""AlexNet, as published."""

from __future__ import annotations

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.graph.spec import NetworkSpec

# The paper's α is not divided by the size of the neighbourhood, PyTorch's is: 5 · 1e-4.
LRN = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
POOL = {"kernel_size": 3, "stride": 2}


class AlexNetOptions(Options):
    grouped: bool = Field(False, description="Split conv2, conv4 and conv5 in two, as on the paper's two GPUs.")


def build(options: AlexNetOptions) -> NetworkSpec:
    groups = 2 if options.grouped else 1
    net = Drawing("AlexNet")
    last = net.chain(
        net.input(options.in_channels, 227, 227),
        ("Conv2d", "conv1", {"out_channels": 96, "kernel_size": 11, "stride": 4}),
        ("ReLU", "relu1"),
        ("LocalResponseNorm", "norm1", LRN),
        ("MaxPool2d", "pool1", POOL),
        ("Conv2d", "conv2", {"out_channels": 256, "kernel_size": 5, "padding": 2, "groups": groups}),
        ("ReLU", "relu2"),
        ("LocalResponseNorm", "norm2", LRN),
        ("MaxPool2d", "pool2", POOL),
        ("Conv2d", "conv3", {"out_channels": 384, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu3"),
        ("Conv2d", "conv4", {"out_channels": 384, "kernel_size": 3, "padding": 1, "groups": groups}),
        ("ReLU", "relu4"),
        ("Conv2d", "conv5", {"out_channels": 256, "kernel_size": 3, "padding": 1, "groups": groups}),
        ("ReLU", "relu5"),
        ("MaxPool2d", "pool5", POOL),
        ("Flatten", "flatten"),
        ("Linear", "fc6", {"out_features": 4096}),
        ("ReLU", "relu6"),
        ("Dropout", "drop6", {"p": 0.5}),
        ("Linear", "fc7", {"out_features": 4096}),
        ("ReLU", "relu7"),
        ("Dropout", "drop7", {"p": 0.5}),
        ("Linear", "fc8", {"out_features": options.num_classes}),
    )
    return net.output(last)


add(
    GalleryEntry(
        id="alexnet",
        name="AlexNet",
        year=2012,
        authors="Krizhevsky, Sutskever, Hinton",
        task="classification",
        source="paper",
        idea="The network that made deep learning the way to see: eight layers, ReLU, dropout and two GPUs. Local "
        "response normalisation and overlapping pooling as published; the input is 227×227, with which the "
        "paper's arithmetic comes out (55, 27, 13, 6). Most of its parameters are in the first dense layer.",
        merit="15.3 % top-5 error on ILSVRC 2012 (runner-up 26.2 %)",
        build=build,
        options=AlexNetOptions,
    )
)
