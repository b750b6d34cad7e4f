"""VoxNet: three-dimensional convolutions on a small volume."""

from __future__ import annotations

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec


class VoxNetOptions(Options):
    """Options of VoxNet."""

    num_classes: int = Field(40, ge=1, le=1_000_000, description="How many kinds of volume the network tells apart.")
    in_channels: int = Field(1, ge=1, le=4096, description="Values at each place of a volume.")
    size: int = Field(32, ge=12, le=256, description="Values along each of the three sides of a volume.")


def _voxnet(options: VoxNetOptions) -> NetworkSpec:
    net = Drawing("VoxNet")
    last = net.chain(
        net.input(options.in_channels, options.size, options.size, options.size),
        ("Conv3d", "conv1", {"out_channels": 32, "kernel_size": 5, "stride": 2}),
        ("LeakyReLU", "relu1", {"negative_slope": 0.1}),
        ("Dropout", "drop1", {"p": 0.2}),
        ("Conv3d", "conv2", {"out_channels": 32, "kernel_size": 3}),
        ("LeakyReLU", "relu2", {"negative_slope": 0.1}),
        ("MaxPool3d", "pool2", {"kernel_size": 2}),
        ("Dropout", "drop2", {"p": 0.3}),
        ("Flatten", "flatten"),
        ("Linear", "fc1", {"out_features": 128}),
        ("ReLU", "relu3"),
        ("Dropout", "drop3", {"p": 0.4}),
        ("Linear", "fc2", {"out_features": options.num_classes}),
    )
    return net.output(last)


add(
    GalleryEntry(
        id="voxnet",
        name="VoxNet",
        year=2015,
        authors="Maturana, Scherer",
        task="sequence",
        source="paper",
        idea="Its filters are cubes that slide along depth as well as height and width, so they see the form of a body "
        "and not only its outline in one slice. Two such convolutions and one pooling are enough for volumes of 32³ "
        "values. Nearly all of its weights are in the first dense layer, as in the networks for pictures of its time.",
        build=_voxnet,
        options=VoxNetOptions,
        merit="83 % mean accuracy over the classes of ModelNet40",
        paper="VoxNet: A 3D Convolutional Neural Network for Real-Time Object Recognition, IROS 2015",
        table=(
            PaperRow("C(32, 5, 2)", "conv1", (32, 14, 14, 14)),
            PaperRow("C(32, 3, 1)", "conv2", (32, 12, 12, 12)),
            PaperRow("P(2)", "pool2", (32, 6, 6, 6)),
            PaperRow("FC(128)", "fc1"),
            PaperRow("FC(K)", "fc2"),
        ),
    )
)
