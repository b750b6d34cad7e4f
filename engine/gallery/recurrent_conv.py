"""A recurrent convolutional network: one convolution that refines its own answer."""

from __future__ import annotations

from pydantic import Field

from engine.blocks.conv_norm_activation import conv_norm_activation
from engine.gallery.base import Drawing, GalleryEntry, Options, PaperRow, add
from engine.graph.spec import NetworkSpec


class RecurrentConvOptions(Options):
    num_classes: int = Field(8, ge=1, le=100_000, description="How many classes a pixel can have.")
    steps: int = Field(3, ge=1, le=50, description="How many times T the convolution is applied.")
    features: int = Field(32, ge=1, le=4096, description="Channels that are made of the picture first.")
    kernel_size: int = Field(7, ge=1, le=31, description="Size of the convolution that is repeated; odd.")


def build(options: RecurrentConvOptions) -> NetworkSpec:
    net = Drawing("Recurrent convolutional network")
    picture = net.input(options.in_channels, 64, 64)
    features = net.block("features", conv_norm_activation(options.in_channels, options.features), picture)
    # The first time nothing is known yet: zeros stand in for the prediction.
    seen = net.node("PadChannels", "nothing_known", features, channels=options.num_classes)
    last = net.node(
        "Conv2d",
        "refine1",
        seen,
        out_channels=options.num_classes,
        kernel_size=options.kernel_size,
        padding="same",
    )
    for step in range(2, options.steps + 1):
        known = net.node("Tanh", f"tanh{step}", last)
        last = net.shared(f"refine{step}", "refine1", net.node("Concatenate", f"joined{step}", [features, known]))
    return net.output(last)


add(
    GalleryEntry(
        id="recurrent_conv",
        name="Recurrent convolutional network",
        year=2014,
        authors="Pinheiro, Collobert",
        task="segmentation",
        source="modern",
        idea="One convolution labels every pixel, then sees its own answer beside the picture and corrects it, again "
        "and again. Its weights exist once, so more steps see further and cost time, but not one parameter more. "
        "Pooling is left out here and the features are computed once, so that every picture keeps its size.",
        merit="80.2 % pixel accuracy on Stanford Background",
        build=build,
        options=RecurrentConvOptions,
        paper="Recurrent Convolutional Neural Networks for Scene Labeling, ICML 2014",
        table=(
            PaperRow("f([0, I])", "refine1", None, note="first instance: nothing is predicted yet"),
            PaperRow("f([f, I])", "refine2", None, note="second instance, same weights"),
            PaperRow("f([f, I])", "refine3", None, note="third instance, same weights"),
        ),
        smallest=(8, 8),
    )
)
