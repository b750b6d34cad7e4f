"""Layers that combine two inputs of which each has its part: first less second, first times second."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class Pairwise(Layer):
    """Base of layers with a first and a second input of one shape."""

    category: ClassVar[Category] = "merge"
    inputs: ClassVar[tuple[str, ...]] = ("first", "second")

    def check_pair(self, one: Shape, other: Shape) -> None:
        """Raise `BadInput` unless both have one shape, where a size of 1 is stretched."""
        fits = len(one) == len(other) and all(a == b or 1 in (a, b) for a, b in zip(one, other, strict=True))
        if not fits:
            raise BadInput(
                f"{self.label} needs two inputs of one shape but gets {shown(one)} and {shown(other)}.",
                "Make them equal, for example with a 1×1 convolution or a Linear layer on one of them.",
            )


@register("Subtract")
class Subtract(Pairwise):
    """The first input less the second, value by value: what is in one and not in the other."""

    label: ClassVar[str] = "Subtract"
    icon: ClassVar[str] = "subtract"
    keywords: ClassVar[tuple[str, ...]] = ("minus", "difference", "residual")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.arithmetic import Subtract as Module

        self.check_pair(*input_shapes)
        return Module()


@register("Divide")
class Divide(Pairwise):
    """The first input divided by the second, value by value; a small number keeps it away from division by zero.

    a/(b + ε), where ε takes the sign of b.
    """

    label: ClassVar[str] = "Divide"
    icon: ClassVar[str] = "divide"
    keywords: ClassVar[tuple[str, ...]] = ("ratio", "quotient", "normalise")

    eps: float = Field(0.0, ge=0, le=1, description="Added to what is divided by, away from zero.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.arithmetic import Divide as Module

        self.check_pair(*input_shapes)
        return Module(self.eps)


@register("MatMul")
class MatMul(Layer):
    """The matrix product of two inputs: (m × k) with (k × n) gives (m × n).

    Attention is made of two of them: queries with keys, and the weights with the values. A size before the matrices
    (heads, channels) has to be the same in both.
    """

    label: ClassVar[str] = "MatMul"
    category: ClassVar[Category] = "merge"
    icon: ClassVar[str] = "matrix"
    keywords: ClassVar[tuple[str, ...]] = ("matrix product", "dot product", "bmm", "attention")
    inputs: ClassVar[tuple[str, ...]] = ("first", "second")

    transpose_second: bool = Field(False, description="Turn the second matrix on its side first: A·Bᵀ.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.arithmetic import MatMul as Module

        one, other = input_shapes
        inner = other[-1:] if self.transpose_second else other[-2:-1]
        if len(one) < 2 or len(one) != len(other) or one[-1:] != inner or one[:-2] != other[:-2]:
            turned = ", turned on its side" if self.transpose_second else ""
            raise BadInput(
                f"MatMul cannot multiply {shown(one)} with {shown(other)}{turned}.",
                "The columns of the first have to be as many as the rows of the second.",
            )
        return Module(self.transpose_second)

    def summary(self) -> str:
        return "A·Bᵀ" if self.transpose_second else "A·B"

    def formula(self, *input_shapes: Shape) -> str:
        one, other = input_shapes
        columns = other[-2] if self.transpose_second else other[-1]
        return f"{one[-2]}×{one[-1]} with {one[-1]}×{columns} gives {one[-2]}×{columns}"
