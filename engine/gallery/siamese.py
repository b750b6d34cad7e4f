"""Siamese networks: one encoder, two pictures, a distance."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec

# Filters and their size; a pooling follows all but the last. Koch et al. 2015, figure 4.
OMNIGLOT = ((64, 10), (128, 7), (128, 4), (256, 4))
SIZES = {"small": 28, "conv4": 28, "omniglot": 105}


class SiameseOptions(Options):
    num_classes: int = Field(
        1, ge=1, le=1, description="Always 1: it tells whether two pictures show the same, whatever that is."
    )
    in_channels: int = Field(1, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")
    encoder: Literal["small", "conv4", "omniglot"] = Field(
        "small",
        description="Two convolutions for 28×28 digits, the four normalised ones that later one-shot networks share, "
        "or the four of the paper for its 105×105 letters.",
    )
    embedding: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Width of the vector for a picture; empty means 64, the paper's 4096, or what conv4 leaves.",
    )
    head: Literal["euclidean", "weighted L1 + sigmoid"] = Field(
        "euclidean", description="Distance for contrastive loss, or the paper's weighted L1 distance as a probability."
    )


def small_encoder(channels: int, width: int) -> NetworkSpec:
    """Two convolutions with pooling, and a dense layer, for 28×28 digits."""
    net = Drawing("Encoder")
    last = net.input(channels, SIZES["small"], SIZES["small"])
    for number, filters in enumerate((32, 64), start=1):
        last = net.chain(
            last,
            ("Conv2d", f"conv{number}", {"out_channels": filters, "kernel_size": 3, "padding": 1}),
            ("ReLU", f"relu{number}"),
            ("MaxPool2d", f"pool{number}", {"kernel_size": 2}),
        )
    return net.output(net.chain(last, ("Flatten", "flatten"), ("Linear", "fc", {"out_features": width})))


def conv4_encoder(channels: int, width: int | None) -> NetworkSpec:
    """Four times 64 normalised 3×3 convolutions and a pooling (Vinyals et al., "Matching Networks", 2016)."""
    net = Drawing("Encoder")
    last = net.input(channels, SIZES["conv4"], SIZES["conv4"])
    for number in range(1, 5):
        last = net.chain(
            last,
            ("Conv2d", f"conv{number}", {"out_channels": 64, "kernel_size": 3, "padding": 1, "bias": False}),
            ("BatchNorm2d", f"norm{number}"),
            ("ReLU", f"relu{number}"),
            ("MaxPool2d", f"pool{number}", {"kernel_size": 2}),
        )
    last = net.node("Flatten", "flatten", last)
    return net.output(last if width is None else net.node("Linear", "fc", last, out_features=width))


def omniglot_encoder(channels: int, width: int) -> NetworkSpec:
    """The paper's: four convolutions without padding, a dense layer and a sigmoid, for 105×105 letters."""
    net = Drawing("Encoder")
    last = net.input(channels, SIZES["omniglot"], SIZES["omniglot"])
    for number, (filters, kernel) in enumerate(OMNIGLOT, start=1):
        conv = {"out_channels": filters, "kernel_size": kernel}
        last = net.chain(last, ("Conv2d", f"conv{number}", conv), ("ReLU", f"relu{number}"))
        if number < len(OMNIGLOT):
            last = net.node("MaxPool2d", f"pool{number}", last, kernel_size=2)
    last = net.chain(last, ("Flatten", "flatten"), ("Linear", "fc", {"out_features": width}), ("Sigmoid", "sigmoid"))
    return net.output(last)


def build(options: SiameseOptions) -> NetworkSpec:
    size = SIZES[options.encoder]
    net = Drawing("Siamese network")
    if options.encoder == "conv4":
        encoder = conv4_encoder(options.in_channels, options.embedding)
    elif options.encoder == "small":
        encoder = small_encoder(options.in_channels, options.embedding or 64)
    else:
        encoder = omniglot_encoder(options.in_channels, options.embedding or 4096)
    shown = {"embedding": [("fc", "out_features", 1)]} if "fc" in encoder.by_id else None
    left = net.block("encoder", encoder, net.input(options.in_channels, size, size, id="left"), exposed=shown)
    right = net.shared("encoder_again", "encoder", net.input(options.in_channels, size, size, id="right"))
    if options.head == "euclidean":
        # So small that a picture's distance to itself is 0 in all that is shown, yet its gradient is 0, not infinite.
        return net.output(net.node("EuclideanDistance", "distance", [left, right], eps=1e-24))
    last = net.chain(
        net.node("AbsoluteDifference", "difference", [left, right]),
        ("Linear", "weights", {"out_features": 1}),
        ("Sigmoid", "probability"),
    )
    return net.output(last)


add(
    GalleryEntry(
        id="siamese",
        name="Siamese network",
        year=2015,
        authors="Bromley, Guyon, LeCun, Säckinger, Shah (1993); Koch, Zemel, Salakhutdinov (2015)",
        task="matching",
        source="modern",
        idea="Two pictures go through the same encoder, whose weights exist once, and the distance between the two "
        "answers says whether they show the same. So it compares classes that it has never seen: one example of each "
        "is enough (one-shot learning). It treats both sides alike, and a picture has no distance to itself.",
        merit="92.0 % accuracy in 20-way one-shot classification on Omniglot (Koch et al. 2015)",
        build=build,
        options=SiameseOptions,
        paper="Siamese Neural Networks for One-shot Image Recognition, ICML Deep Learning Workshop 2015",
        table=(
            PaperRow("convolutional twins", "encoder", None, note="the paper's own with the option encoder=omniglot"),
            PaperRow("L1 siamese distance", "distance", None, note="Euclidean, unless the option head asks for L1"),
        ),
    )
)
