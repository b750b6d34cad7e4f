"""Highway layers: a gate decides how much is transformed and how much is carried on as it is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.blocks.base import BlockEntry, BlockOptions, add
from engine.gallery.base import Drawing
from engine.graph.spec import NetworkSpec
from engine.layers.fields import Count

Kind = Literal["dense", "convolutional"]
Activation = Literal["ReLU", "Tanh", "Sigmoid"]


def highway(channels: int, kind: Kind = "dense", *, activation: str = "ReLU", gate_bias: float = -2.0) -> NetworkSpec:
    """y = T(x)·H(x) + (1 − T(x))·x with T = σ(W·x + b) (Srivastava et al. 2015, equation 3).

    `gate_bias` is added before the sigmoid, besides the layer's own bias that starts around zero: the paper begins
    with a negative one, so that a fresh network carries and learns where to transform.
    """
    net = Drawing("Highway layer")
    start = net.input(channels) if kind == "dense" else net.input(channels, 32, 32)
    transformed = net.chain(start, _weights("transform", channels, kind), (activation, "h"))
    gate = net.chain(
        start,
        _weights("gate", channels, kind),
        ("ScaleShift", "gate_bias", {"shift": gate_bias}),
        ("Sigmoid", "t"),
    )
    through = net.node("Multiply", "transformed", [transformed, gate])
    rest = net.node("ScaleShift", "carry", gate, scale=-1.0, shift=1.0)
    carried = net.node("Multiply", "carried", [rest, start])
    return net.output(net.node("Add", "add", [through, carried]))


def _weights(id: str, channels: int, kind: Kind) -> tuple[str, str, dict[str, object]]:
    if kind == "dense":
        return ("Linear", id, {"out_features": channels})
    return ("Conv2d", id, {"out_channels": channels, "kernel_size": 3, "padding": 1})


class HighwayOptions(BlockOptions):
    channels: Count = Field(50, description="Width: as much goes out as comes in.")
    kind: Kind = Field("dense", description="Dense layers for vectors, or 3×3 convolutions for pictures.")
    activation: Activation = Field("ReLU", description="The bend of what is transformed.")
    gate_bias: float = Field(-2.0, ge=-100, le=100, description="Start of the gate; negative begins with carrying.")


add(
    BlockEntry(
        id="highway",
        label="Highway layer",
        help="A gate T between 0 and 1, computed from the input, mixes what the layer makes of it with the input "
        "itself: T·H(x) + (1 − T)·x. Where the gate is closed, values and gradients pass a hundred layers unchanged "
        "(Srivastava, Greff and Schmidhuber 2015). ResNet is the case in which both ways are always open.",
        build=lambda options: highway(
            options.channels, options.kind, activation=options.activation, gate_bias=options.gate_bias
        ),
        options=HighwayOptions,
        category="merge",
        keywords=("gate", "skip", "carry", "transform", "lstm"),
    )
)
