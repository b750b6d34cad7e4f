"""Activations: the bend that makes a stack of linear maps more than one linear map."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Activation(Layer):
    """An activation whose fields are exactly its PyTorch module's arguments."""

    category: ClassVar[Category] = "activation"

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return getattr(nn, self.label)(**self.model_dump())


@register("ReLU")
class ReLU(_Activation):
    """Keeps positive values and sets negative ones to zero: max(0, x).

    Cheap, and its gradient is 1 wherever the unit is active, so deep networks still learn. A unit that is negative for
    every picture has no gradient and stays dead.
    """

    label: ClassVar[str] = "ReLU"
    keywords: ClassVar[tuple[str, ...]] = ("rectifier", "rectified linear unit")


@register("LeakyReLU")
class LeakyReLU(_Activation):
    """ReLU with a small slope below zero, so that no unit is quite dead: max(0, x) + a·min(0, x)."""

    label: ClassVar[str] = "LeakyReLU"

    negative_slope: float = Field(0.01, ge=0, le=10, description="Slope a below zero.")

    def summary(self) -> str:
        return f"slope {self.negative_slope:g}"


@register("PReLU")
class PReLU(_Activation):
    """Leaky ReLU whose slope below zero is learned (He et al. 2015)."""

    label: ClassVar[str] = "PReLU"

    init: float = Field(0.25, ge=-10, le=10, description="Slope to start with.")


@register("ELU")
class ELU(_Activation):
    """Smooth below zero, approaching −a: x above zero, a·(eˣ − 1) below (Clevert et al. 2015)."""

    label: ClassVar[str] = "ELU"

    alpha: float = Field(1.0, gt=0, le=100, description="Where the curve levels out below zero.")


@register("GELU")
class GELU(_Activation):
    """x·Φ(x), with Φ the normal distribution function; usual in transformers (Hendrycks and Gimpel 2016)."""

    label: ClassVar[str] = "GELU"

    approximate: Literal["none", "tanh"] = Field("none", description="Exact, or the faster formula with tanh.")


@register("SiLU")
class SiLU(_Activation):
    """x·sigmoid(x), also called swish; used by EfficientNet and many recent detectors."""

    label: ClassVar[str] = "SiLU"
    keywords: ClassVar[tuple[str, ...]] = ("swish",)


@register("Hardswish")
class Hardswish(_Activation):
    """A piecewise approximation of swish that is cheap on phones: x·min(max(x + 3, 0), 6)/6 (MobileNet v3)."""

    label: ClassVar[str] = "Hardswish"


@register("Hardsigmoid")
class Hardsigmoid(_Activation):
    """A piecewise approximation of the sigmoid: min(max(x + 3, 0), 6)/6."""

    label: ClassVar[str] = "Hardsigmoid"


@register("ReLU6")
class ReLU6(_Activation):
    """ReLU that also stops at 6, which keeps numbers small enough for low precision (MobileNet)."""

    label: ClassVar[str] = "ReLU6"


@register("Sigmoid")
class Sigmoid(_Activation):
    """Squashes to between 0 and 1: 1/(1 + e⁻ˣ). Saturated units learn slowly, because their gradient is close to 0."""

    label: ClassVar[str] = "Sigmoid"
    keywords: ClassVar[tuple[str, ...]] = ("logistic",)


@register("Tanh")
class Tanh(_Activation):
    """Squashes to between −1 and 1, centred at zero. Saturated units learn slowly."""

    label: ClassVar[str] = "Tanh"
    keywords: ClassVar[tuple[str, ...]] = ("hyperbolic tangent",)


@register("ScaledTanh")
class ScaledTanh(Layer):
    """LeNet-5's squashing function 1.7159·tanh(2x/3), chosen so that ±1 maps to ±1 and units stay out of saturation."""

    label: ClassVar[str] = "ScaledTanh"
    category: ClassVar[Category] = "activation"
    keywords: ClassVar[tuple[str, ...]] = ("lenet", "hyperbolic tangent")

    amplitude: float = Field(1.7159, gt=0, le=100, description="Largest value that comes out, A.")
    slope: float = Field(2 / 3, gt=0, le=100, description="Factor on the input, S.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.scaled_tanh import ScaledTanh as Module

        return Module(self.amplitude, self.slope)

    def summary(self) -> str:
        return f"{self.amplitude:g}·tanh({self.slope:.3g}·x)"


@register("Softmax")
class Softmax(_Activation):
    """Turns scores into probabilities that add up to 1: eˣⁱ/Σeˣʲ.

    Not needed before the output of a classifier that is trained here: cross-entropy expects logits.
    """

    label: ClassVar[str] = "Softmax"
    keywords: ClassVar[tuple[str, ...]] = ("probabilities",)

    dim: int = Field(1, ge=-4, le=4, description="Which dimension adds up to 1; 1 is the channels or classes.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        # The meta device lets a dimension pass that is not there; and 0 would mix the pictures of a batch.
        rank = len(input_shapes[0])
        if not 1 <= (self.dim if self.dim >= 0 else self.dim + rank + 1) <= rank:
            raise BadInput(
                f"Softmax is to add up dimension {self.dim}, but its input has the dimensions 1 to {rank}.",
                "Set dim to 1, the channels or classes.",
            )
        return super().build(*input_shapes)


@register("Identity")
class Identity(_Activation):
    """Passes everything on unchanged (the linear activation). Useful to name a place in the drawing."""

    label: ClassVar[str] = "Identity"
    keywords: ClassVar[tuple[str, ...]] = ("linear activation", "pass through")
