"""Normalisation of each picture or token by itself."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("LayerNorm")
class LayerNorm(Layer):
    """Normalises all values of one token (the last dimension) together, or of the last few dimensions.

    y = (x − mean)/√(variance + ε)·γ + β, with one γ and β per value. Usual in transformers, since it looks neither at
    the batch nor at other tokens (Ba, Kiros and Hinton 2016). For pictures with channels first see LayerNorm2d.
    """

    label: ClassVar[str] = "LayerNorm"
    category: ClassVar[Category] = "normalisation"
    keywords: ClassVar[tuple[str, ...]] = ("transformer", "ln", "token")

    dimensions: int = Field(1, ge=1, le=4, description="How many of the last dimensions are normalised together.")
    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance, against division by zero.")
    elementwise_affine: bool = Field(True, description="Learn a scale and a shift per value.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        shape = input_shapes[0]
        if self.dimensions > len(shape):
            raise BadInput(
                f"LayerNorm is to normalise {self.dimensions} dimensions but its input has {len(shape)}.",
                f"Set it to {len(shape)} or less.",
            )
        return nn.LayerNorm(list(shape[-self.dimensions :]), eps=self.eps, elementwise_affine=self.elementwise_affine)

    def formula(self, *input_shapes: Shape) -> str:
        if not self.elementwise_affine:
            return ""
        shape = input_shapes[0][-self.dimensions :]
        return f"parameters = 2·{'·'.join(str(size) for size in shape)} = {2 * prod(shape):,}"

    def summary(self) -> str:
        return "last dimension" if self.dimensions == 1 else f"last {self.dimensions} dimensions"


@register("LayerNorm2d")
class LayerNorm2d(Layer):
    """Normalises the channels of every pixel together: layer norm for pictures with channels first, as in ConvNeXt.

    Each pixel is treated as a token: its C values are brought to mean 0 and variance 1, then scaled and shifted by one
    γ and β per channel. Parameters: 2C.
    """

    label: ClassVar[str] = "LayerNorm2d"
    category: ClassVar[Category] = "normalisation"
    keywords: ClassVar[tuple[str, ...]] = ("convnext", "channels first", "ln")

    eps: float = Field(1e-6, gt=0, le=1, description="Added to the variance, against division by zero.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.layer_norm2d import LayerNorm2d as Module

        return Module(picture_shape(self.label, input_shapes[0])[0], self.eps)

    def formula(self, *input_shapes: Shape) -> str:
        return f"parameters = 2·{input_shapes[0][0]} = {2 * input_shapes[0][0]:,}"


@register("RMSNorm")
class RMSNorm(Layer):
    """Divides each token by its root mean square and scales it: layer norm without the mean (Zhang and Sennrich 2019).

    y = x/√(mean(x²) + ε)·γ. Cheaper than layer norm and as good in many transformers.
    """

    label: ClassVar[str] = "RMSNorm"
    category: ClassVar[Category] = "normalisation"
    keywords: ClassVar[tuple[str, ...]] = ("transformer", "root mean square")

    eps: float = Field(1e-6, gt=0, le=1, description="Added to the mean square, against division by zero.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return nn.RMSNorm(list(input_shapes[0][-1:]), eps=self.eps)

    def formula(self, *input_shapes: Shape) -> str:
        return f"parameters = {input_shapes[0][-1]:,}"
