"""ZFNet, as published."""

from __future__ import annotations

from engine.gallery.alexnet import LRN, dense_head
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# With the last partial window: 110 becomes 55 and 26 becomes 13, as in the paper's figure.
POOL = {"kernel_size": 3, "stride": 2, "ceil_mode": True}


def build(options: Options) -> NetworkSpec:
    net = Drawing("ZFNet")
    last = net.chain(
        net.input(options.in_channels, 224, 224),
        ("Conv2d", "conv1", {"out_channels": 96, "kernel_size": 7, "stride": 2, "padding": 1}),
        ("ReLU", "relu1"),
        ("MaxPool2d", "pool1", POOL),
        ("LocalResponseNorm", "norm1", LRN),
        ("Conv2d", "conv2", {"out_channels": 256, "kernel_size": 5, "stride": 2}),
        ("ReLU", "relu2"),
        ("MaxPool2d", "pool2", POOL),
        ("LocalResponseNorm", "norm2", LRN),
        ("Conv2d", "conv3", {"out_channels": 384, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu3"),
        ("Conv2d", "conv4", {"out_channels": 384, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu4"),
        ("Conv2d", "conv5", {"out_channels": 256, "kernel_size": 3, "padding": 1}),
        ("ReLU", "relu5"),
        ("MaxPool2d", "pool5", {"kernel_size": 3, "stride": 2}),
    )
    return net.output(dense_head(net, last, options.num_classes))


# Figure 3 of the paper.
TABLE = (
    PaperRow("input image", "input", (3, 224, 224)),
    PaperRow("layer 1: filter size 7, stride 2", "relu1", (96, 110, 110)),
    PaperRow("3×3 max pool, stride 2, contrast norm.", "norm1", (96, 55, 55)),
    PaperRow("layer 2: filter size 5, stride 2", "relu2", (256, 26, 26)),
    PaperRow("3×3 max pool, stride 2, contrast norm.", "norm2", (256, 13, 13)),
    PaperRow("layer 3: filter size 3, stride 1", "relu3", (384, 13, 13)),
    PaperRow("layer 4: filter size 3, stride 1", "relu4", (384, 13, 13)),
    PaperRow("layer 5: filter size 3, stride 1", "relu5", (256, 13, 13)),
    PaperRow("3×3 max pool, stride 2", "pool5", (256, 6, 6)),
    PaperRow("layer 6", "fc6", (4096,)),
    PaperRow("layer 7", "fc7", (4096,)),
    PaperRow("C class softmax", "fc8", note="the softmax is part of the loss"),
)

add(
    GalleryEntry(
        id="zfnet",
        name="ZFNet",
        year=2013,
        authors="Zeiler, Fergus",
        task="classification",
        source="paper",
        idea="AlexNet, looked into: projecting features back to pixels by a deconvolutional network showed dead and "
        "aliased filters in the first layer. Smaller filters and strides there (7×7/2 in place of 11×11/4, then "
        "5×5/2) cured that. Feature maps are normalised across channels after the first two poolings.",
        merit="14.8 % top-5 error on ILSVRC 2012 as an ensemble; Clarifai's entry on it won 2013 with 11.7 %",
        build=build,
        paper="Visualizing and Understanding Convolutional Networks, ECCV 2014",
        table=TABLE,
        smallest=(63, 63),
    )
)
