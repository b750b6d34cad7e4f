"""How alike two things are, and vectors of length one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.arithmetic import Pairwise
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Axis
from engine.layers.reorder import check_axes

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Distance(Pairwise):
    icon: ClassVar[str] = "distance"

    dim: Axis = Field(1, description="Dimension that the vectors lie in; 1 is the channels or features.")
    keepdim: bool = Field(True, description="Keep that dimension with size 1.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        import engine.modules.distance

        self.check_pair(*input_shapes)
        check_axes(self.label, input_shapes[0], self.dim)
        return getattr(engine.modules.distance, self.label)(*self.model_dump().values())

    def summary(self) -> str:
        return "" if self.dim == 1 else f"dimension {self.dim}"


@register("EuclideanDistance")
class EuclideanDistance(_Distance):
    """How far two vectors are from each other: √Σ(a − b)². Small means alike.

    A siamese network is trained so that pictures of the same thing come to lie near each other (contrastive loss).
    """

    label: ClassVar[str] = "EuclideanDistance"
    keywords: ClassVar[tuple[str, ...]] = ("siamese", "pair", "l2", "contrastive", "metric", "similarity")

    eps: float = Field(1e-12, ge=0, le=1, description="Added under the root, whose slope at zero is infinite.")


@register("CosineSimilarity")
class CosineSimilarity(_Distance):
    """Whether two vectors point the same way: a·b/(|a|·|b|), from 1 (the same) over 0 (nothing in common) to −1."""

    label: ClassVar[str] = "CosineSimilarity"
    icon: ClassVar[str] = "angle"
    keywords: ClassVar[tuple[str, ...]] = ("siamese", "pair", "angle", "cosine", "metric", "matching")

    eps: float = Field(1e-8, gt=0, le=1, description="Smallest product of lengths that it divides by.")


@register("AbsoluteDifference")
class AbsoluteDifference(Pairwise):
    """|a − b|, value by value: what a pair of pictures differs in, for a Linear layer to weigh (Koch et al. 2015)."""

    label: ClassVar[str] = "AbsoluteDifference"
    icon: ClassVar[str] = "difference"
    keywords: ClassVar[tuple[str, ...]] = ("siamese", "pair", "l1", "distance")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.distance import AbsoluteDifference as Module

        self.check_pair(*input_shapes)
        return Module()


@register("Normalize")
class Normalize(Layer):
    """Scales vectors to length 1, x/√Σx² with p = 2, so that only their direction counts.

    The last layer of networks whose outputs are compared: the Euclidean distance then says the same as the cosine.
    """

    label: ClassVar[str] = "Normalize"
    category: ClassVar[Category] = "normalisation"
    icon: ClassVar[str] = "length_one"
    keywords: ClassVar[tuple[str, ...]] = ("l2 norm", "normalise", "unit length", "embedding", "direction")

    p: float = Field(2.0, gt=0, le=100, description="Which length: 2 is the usual one, 1 the sum of the values.")
    dim: Axis = Field(1, description="Dimension that the vectors lie in; 1 is the channels or features.")
    eps: float = Field(1e-12, gt=0, le=1, description="Smallest length that it divides by.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.distance import Normalize as Module

        check_axes(self.label, input_shapes[0], self.dim)
        return Module(self.p, self.dim, self.eps)

    def summary(self) -> str:
        return f"L{self.p:g}" + ("" if self.dim == 1 else f" · dimension {self.dim}")
