"""Smooth activations, and those that gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.activations import Elementwise
from engine.layers.base import Category, Layer, register
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("GELU")
class GELU(Elementwise):
    """x·Φ(x), with Φ the normal distribution function; usual in transformers (Hendrycks and Gimpel 2016)."""

    label: ClassVar[str] = "GELU"
    icon: ClassVar[str] = "rectifier"

    approximate: Literal["none", "tanh"] = Field("none", description="Exact, or the faster formula with tanh.")


@register("SiLU")
class SiLU(Elementwise):
    """x·sigmoid(x), also called swish; used by EfficientNet and many recent detectors."""

    label: ClassVar[str] = "SiLU"
    icon: ClassVar[str] = "rectifier"
    keywords: ClassVar[tuple[str, ...]] = ("swish",)


@register("Mish")
class Mish(Elementwise):
    """x·tanh(softplus(x)): like swish, a little smoother; known from YOLOv4 (Misra 2019)."""

    label: ClassVar[str] = "Mish"
    icon: ClassVar[str] = "rectifier"


@register("ELU")
class ELU(Elementwise):
    """Smooth below zero, approaching −a: x above zero, a·(eˣ − 1) below (Clevert et al. 2015)."""

    label: ClassVar[str] = "ELU"
    icon: ClassVar[str] = "rectifier"

    alpha: float = Field(1.0, gt=0, le=100, description="Where the curve levels out below zero.")


@register("SELU")
class SELU(Elementwise):
    """1.0507·ELU with a = 1.6733: deep dense networks then keep mean 0 and variance 1 by themselves.

    The two numbers are the fixed point of Klambauer et al. 2017. Start its weights with LeCun's scheme and drop with
    AlphaDropout.
    """

    label: ClassVar[str] = "SELU"
    icon: ClassVar[str] = "rectifier"
    keywords: ClassVar[tuple[str, ...]] = ("self-normalising",)


@register("CELU")
class CELU(Elementwise):
    """ELU whose slope is smooth at zero for every a: x above zero, a·(e^(x/a) − 1) below (Barron 2017)."""

    label: ClassVar[str] = "CELU"
    icon: ClassVar[str] = "rectifier"

    alpha: float = Field(1.0, gt=0, le=100, description="Where the curve levels out below zero.")


@register("Softplus")
class Softplus(Elementwise):
    """The smooth ReLU: ln(1 + e^(b·x))/b. Always positive, so it is used to predict a width or a rate."""

    label: ClassVar[str] = "Softplus"
    icon: ClassVar[str] = "rectifier"

    beta: float = Field(1.0, gt=0, le=100, description="Sharpness b of the bend at zero.")
    threshold: float = Field(20.0, ge=0, le=1000, description="Above this it is taken as straight, for safe numbers.")


@register("Softsign")
class Softsign(Elementwise):
    """x/(1 + |x|): between −1 and 1 like tanh, but with tails that flatten slowly."""

    label: ClassVar[str] = "Softsign"
    icon: ClassVar[str] = "squash"


@register("LogSigmoid")
class LogSigmoid(Elementwise):
    """The logarithm of the sigmoid, −ln(1 + e⁻ˣ), computed so that large numbers do no harm."""

    label: ClassVar[str] = "LogSigmoid"
    icon: ClassVar[str] = "squash"


@register("GLU")
class GLU(Layer):
    """Halves the channels: one half passes, multiplied by the sigmoid of the other, which learns to be its gate.

    a·sigmoid(b) with (a, b) the two halves (Dauphin et al. 2016).
    """

    label: ClassVar[str] = "GLU"
    category: ClassVar[Category] = "activation"
    icon: ClassVar[str] = "gate"
    keywords: ClassVar[tuple[str, ...]] = ("gated linear unit", "gate")

    dim: int = Field(1, ge=-4, le=5, description="Dimension that is halved; 1 is the channels.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        shape = input_shapes[0]
        place = self.dim if self.dim > 0 else self.dim + len(shape) + 1
        if not 1 <= place <= len(shape) or shape[place - 1] % 2:
            raise BadInput(
                f"GLU is to halve dimension {self.dim} of {shown(shape)}.",
                "Choose a dimension that is there and has an even size.",
            )
        return nn.GLU(self.dim)
