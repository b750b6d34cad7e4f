"""Activations: the bend that makes a stack of linear maps more than one linear map."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class Elementwise(Layer):
    """Base of activations whose fields are exactly its PyTorch module's arguments."""

    category: ClassVar[Category] = "activation"

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return getattr(nn, self.label)(**self.model_dump())


@register("ReLU")
class ReLU(Elementwise):
    """Keeps positive values and sets negative ones to zero: max(0, x).

    Cheap, and its gradient is 1 wherever the unit is active, so deep networks still learn. A unit that is negative for
    every picture has no gradient and stays dead.
    """

    label: ClassVar[str] = "ReLU"
    icon: ClassVar[str] = "rectifier"
    keywords: ClassVar[tuple[str, ...]] = ("rectifier", "rectified linear unit")


@register("LeakyReLU")
class LeakyReLU(Elementwise):
    """ReLU with a small slope below zero, so that no unit is quite dead: max(0, x) + a·min(0, x)."""

    label: ClassVar[str] = "LeakyReLU"
    icon: ClassVar[str] = "rectifier"

    negative_slope: float = Field(0.01, ge=0, le=10, description="Slope a below zero.")

    def summary(self) -> str:
        return f"slope {self.negative_slope:g}"


@register("PReLU")
class PReLU(Elementwise):
    """Leaky ReLU whose slope below zero is learned (He et al. 2015)."""

    label: ClassVar[str] = "PReLU"
    icon: ClassVar[str] = "rectifier"

    init: float = Field(0.25, ge=-10, le=10, description="Slope to start with.")

    def formula(self, *input_shapes: Shape) -> str:
        return "parameters = 1"


@register("Hardswish")
class Hardswish(Elementwise):
    """A piecewise approximation of swish that is cheap on phones: x·min(max(x + 3, 0), 6)/6 (MobileNet v3)."""

    label: ClassVar[str] = "Hardswish"
    icon: ClassVar[str] = "rectifier"


@register("Hardsigmoid")
class Hardsigmoid(Elementwise):
    """A piecewise approximation of the sigmoid: min(max(x + 3, 0), 6)/6."""

    label: ClassVar[str] = "Hardsigmoid"
    icon: ClassVar[str] = "squash"


@register("ReLU6")
class ReLU6(Elementwise):
    """ReLU that also stops at 6, which keeps numbers small enough for low precision (MobileNet)."""

    label: ClassVar[str] = "ReLU6"
    icon: ClassVar[str] = "rectifier"


@register("Sigmoid")
class Sigmoid(Elementwise):
    """Squashes to between 0 and 1: 1/(1 + e⁻ˣ). Saturated units learn slowly, because their gradient is close to 0."""

    label: ClassVar[str] = "Sigmoid"
    icon: ClassVar[str] = "squash"
    keywords: ClassVar[tuple[str, ...]] = ("logistic",)


@register("Tanh")
class Tanh(Elementwise):
    """Squashes to between −1 and 1, centred at zero. Saturated units learn slowly."""

    label: ClassVar[str] = "Tanh"
    icon: ClassVar[str] = "squash"
    keywords: ClassVar[tuple[str, ...]] = ("hyperbolic tangent",)


@register("ScaledTanh")
class ScaledTanh(Layer):
    """LeNet-5's squashing function 1.7159·tanh(2x/3), chosen so that ±1 maps to ±1 and units stay out of saturation."""

    label: ClassVar[str] = "ScaledTanh"
    icon: ClassVar[str] = "squash"
    category: ClassVar[Category] = "activation"
    keywords: ClassVar[tuple[str, ...]] = ("lenet", "hyperbolic tangent")

    amplitude: float = Field(1.7159, gt=0, le=100, description="Largest value that comes out, A.")
    slope: float = Field(2 / 3, gt=0, le=100, description="Factor on the input, S.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.scaled_tanh import ScaledTanh as Module

        return Module(self.amplitude, self.slope)

    def summary(self) -> str:
        return f"{self.amplitude:g}·tanh({self.slope:.3g}·x)"


@register("Hardtanh")
class Hardtanh(Elementwise):
    """Cuts values off below and above and leaves those between as they are: min(max(x, low), high)."""

    label: ClassVar[str] = "Hardtanh"
    icon: ClassVar[str] = "squash"
    keywords: ClassVar[tuple[str, ...]] = ("clamp", "clip")

    min_val: float = Field(-1.0, ge=-1e6, le=1e6, description="Smallest value that comes out.")
    max_val: float = Field(1.0, ge=-1e6, le=1e6, description="Largest value that comes out.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        if self.min_val >= self.max_val:
            raise BadInput(
                f"Hardtanh is to cut off below {self.min_val:g} and above {self.max_val:g}, which leaves nothing.",
                "Choose a lower limit below the upper one.",
            )
        return super().build(*input_shapes)

    def summary(self) -> str:
        return f"{self.min_val:g} to {self.max_val:g}"


class _AddsUp(Elementwise):
    icon: ClassVar[str] = "softmax"

    dim: int = Field(1, ge=-4, le=5, description="Which dimension adds up to 1; 1 is the channels or classes.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        # The meta device lets a dimension pass that is not there; and 0 would mix the pictures of a batch.
        rank = len(input_shapes[0])
        if not 1 <= (self.dim if self.dim >= 0 else self.dim + rank + 1) <= rank:
            raise BadInput(
                f"{self.label} is to add up dimension {self.dim}, but its input has the dimensions 1 to {rank}.",
                "Set dim to 1, the channels or classes.",
            )
        return super().build(*input_shapes)


@register("Softmax")
class Softmax(_AddsUp):
    """Turns scores into probabilities that add up to 1: eˣⁱ/Σeˣʲ.

    Not needed before the output of a classifier that is trained here: cross-entropy expects logits.
    """

    label: ClassVar[str] = "Softmax"
    keywords: ClassVar[tuple[str, ...]] = ("probabilities",)


@register("LogSoftmax")
class LogSoftmax(_AddsUp):
    """The logarithms of softmax's probabilities, xⁱ − ln Σeˣʲ, computed so that large scores do no harm.

    Not needed before the output of a classifier that is trained here: cross-entropy does it itself.
    """

    label: ClassVar[str] = "LogSoftmax"
    keywords: ClassVar[tuple[str, ...]] = ("log probabilities", "nll")


@register("Identity")
class Identity(Elementwise):
    """Passes everything on unchanged (the linear activation). Useful to name a place in the drawing."""

    label: ClassVar[str] = "Identity"
    icon: ClassVar[str] = "arrow_right"
    keywords: ClassVar[tuple[str, ...]] = ("linear activation", "pass through")
