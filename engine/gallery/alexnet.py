"""AlexNet, as published and as torchvision has it."""

from __future__ import annotations

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# The paper's α is not divided by the size of the neighbourhood, PyTorch's is: 5 · 1e-4.
LRN = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
POOL = {"kernel_size": 3, "stride": 2}
AUTHORS = "Krizhevsky, Sutskever, Hinton"


class AlexNetOptions(Options):
    grouped: bool = Field(False, description="Split conv2, conv4 and conv5 in two, as on the paper's two GPUs.")


def dense_head(net: Drawing, after: str, num_classes: int, hidden: int = 4096) -> str:
    """Two dense layers with dropout, and the classes: what AlexNet, ZFNet and VGG end in."""
    return net.chain(
        after,
        ("Flatten", "flatten"),
        ("Linear", "fc6", {"out_features": hidden}),
        ("ReLU", "relu6"),
        ("Dropout", "drop6", {"p": 0.5}),
        ("Linear", "fc7", {"out_features": hidden}),
        ("ReLU", "relu7"),
        ("Dropout", "drop7", {"p": 0.5}),
        ("Linear", "fc8", {"out_features": num_classes}),
    )


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
    )
    return net.output(dense_head(net, last, options.num_classes))


def build_torchvision(options: Options) -> NetworkSpec:
    """Krizhevsky 2014, "One weird trick": 64, 192, 384, 256, 256 filters and no response normalisation."""
    net = Drawing("AlexNet (torchvision)")
    last = net.chain(
        net.input(options.in_channels, 224, 224),
        ("Conv2d", "conv1", {"out_channels": 64, "kernel_size": 11, "stride": 4, "padding": 2}),
        ("ReLU", "relu1"),
        ("MaxPool2d", "pool1", POOL),
        ("Conv2d", "conv2", {"out_channels": 192, "kernel_size": 5, "padding": 2}),
        ("ReLU", "relu2"),
        ("MaxPool2d", "pool2", POOL),
        ("Conv2d", "conv3", {"out_channels": 384, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu3"),
        ("Conv2d", "conv4", {"out_channels": 256, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu4"),
        ("Conv2d", "conv5", {"out_channels": 256, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu5"),
        ("MaxPool2d", "pool5", POOL),
        ("AdaptiveAvgPool2d", "avgpool", {"output_size": 6}),
        ("Flatten", "flatten"),
        ("Dropout", "drop6", {"p": 0.5}),
        ("Linear", "fc6", {"out_features": 4096}),
        ("ReLU", "relu6"),
        ("Dropout", "drop7", {"p": 0.5}),
        ("Linear", "fc7", {"out_features": 4096}),
        ("ReLU", "relu7"),
        ("Linear", "fc8", {"out_features": options.num_classes}),
    )
    return net.output(last)


_PLACES = {
    "features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4", "features.10": "conv5",
    "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8",
}  # fmt: skip


def rename(key: str) -> str | None:
    """torchvision's "features.3.weight" to our "conv2.weight"."""
    module, _, weight = key.rpartition(".")
    return f"{_PLACES[module]}.{weight}" if module in _PLACES else None


# Figure 2 of the paper, where each GPU has half of the channels.
TABLE = (
    PaperRow("input", "input", (3, 224, 224), note="only 227×227 gives the sizes that follow"),
    PaperRow("conv 1: 11×11, stride 4", "relu1", (96, 55, 55), note="48 on each GPU"),
    PaperRow("conv 2: 5×5", "relu2", (256, 27, 27), note="128 on each GPU"),
    PaperRow("conv 3: 3×3", "relu3", (384, 13, 13), note="192 on each GPU"),
    PaperRow("conv 4: 3×3", "relu4", (384, 13, 13), note="192 on each GPU"),
    PaperRow("conv 5: 3×3", "relu5", (256, 13, 13), note="128 on each GPU"),
    PaperRow("dense", "fc6", (4096,), note="2048 on each GPU"),
    PaperRow("dense", "fc7", (4096,), note="2048 on each GPU"),
    PaperRow("dense", "fc8", (1000,), note="60 million parameters altogether"),
)

add(
    GalleryEntry(
        id="alexnet",
        name="AlexNet",
        year=2012,
        authors=AUTHORS,
        task="classification",
        source="paper",
        idea="The network that made deep learning the way to see: eight layers, ReLU, dropout and two GPUs. Local "
        "response normalisation and overlapping pooling as published; the input is 227×227, with which the "
        "paper's arithmetic comes out (55, 27, 13, 6). Most of its parameters are in the first dense layer.",
        merit="15.3 % top-5 error on ILSVRC 2012 (runner-up 26.2 %)",
        build=build,
        options=AlexNetOptions,
        paper="ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS 2012",
        table=TABLE,
        smallest=(67, 67),
    )
)
add(
    GalleryEntry(
        id="alexnet_torchvision",
        name="AlexNet (torchvision)",
        year=2014,
        authors="Krizhevsky",
        task="classification",
        source="torchvision",
        idea="AlexNet for a single GPU: fewer filters in the first two layers, no groups, no response normalisation. "
        "Pooling to a fixed 6×6 before the dense layers lets it take pictures of other sizes. It is the AlexNet that "
        "PyTorch's weights belong to.",
        build=build_torchvision,
        paper="One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997",
        smallest=(63, 63),
        torchvision="alexnet",
        rename=rename,
    )
)
