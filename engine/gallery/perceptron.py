"""Dense networks."""

from __future__ import annotations

from pydantic import Field

from engine.gallery.base import Drawing, GalleryEntry, Options, add
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count


class PerceptronOptions(Options):
    num_classes: int = Field(10, ge=1, le=1_000_000, description="How many classes the network tells apart.")
    in_channels: int = Field(1, ge=1, le=4096, description="1 for grey pictures, 3 for colour.")
    size: int = Field(32, ge=1, le=4096, description="Height and width of the pictures.")
    hidden: tuple[Count, ...] = Field((128,), max_length=50, description="Width of each hidden layer.")


def build(options: PerceptronOptions) -> NetworkSpec:
    net = Drawing("Perceptron")
    last = net.node("Flatten", "flatten", net.input(options.in_channels, options.size, options.size))
    for index, width in enumerate(options.hidden, start=1):
        last = net.chain(last, ("Linear", f"fc{index}", {"out_features": width}), ("ReLU", f"relu{index}"))
    last = net.node("Linear", f"fc{len(options.hidden) + 1}", last, out_features=options.num_classes)
    return net.output(last)


add(
    GalleryEntry(
        id="perceptron",
        name="Perceptron",
        year=1958,
        authors="Rosenblatt",
        task="classification",
        source="modern",
        idea="Flatten the picture and connect every pixel to every unit. It forgets which pixels are neighbours and "
        "needs a weight for each of them: 77 million for a 224×224 colour picture and 512 units. A good first "
        "network, and the reason why convolutions were invented.",
        build=build,
        options=PerceptronOptions,
        paper="The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain, "
        "Psychological Review 1958",
        smallest=(4, 4),
    )
)
