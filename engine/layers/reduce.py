"""Bringing a dimension down to one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Axis
from engine.layers.reorder import check_axes
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Reduce(Layer):
    category: ClassVar[Category] = "pooling"

    dims: tuple[Axis, ...] = Field(
        (2, 3), min_length=1, max_length=5, description="Dimensions that are taken together; 2 and 3 are the picture."
    )
    keepdim: bool = Field(False, description="Keep each of them with size 1.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        import engine.modules.reduce

        shape = input_shapes[0]
        check_axes(self.label, shape, *self.dims)
        if len(set(self.dims)) == len(shape) and not self.keepdim:
            raise BadInput(
                f"{self.label} over every dimension of {shown(shape)} would leave a single number.",
                "Leave one dimension out, or keep the dimensions.",
            )
        return getattr(engine.modules.reduce, self.label)(tuple(sorted(set(self.dims))), self.keepdim)

    def summary(self) -> str:
        return "over " + ", ".join(str(axis) for axis in self.dims)


@register("Mean")
class Mean(_Reduce):
    """The mean over chosen dimensions: over height and width it is global average pooling, over steps a summary.

    Over the tokens (dimension 1) it stands in for a class token.
    """

    label: ClassVar[str] = "Mean"
    icon: ClassVar[str] = "pool_average"
    keywords: ClassVar[tuple[str, ...]] = ("global average pooling", "gap", "average", "reduce")


@register("Sum")
class Sum(_Reduce):
    """The sum over chosen dimensions: how much of a pattern there is in all."""

    label: ClassVar[str] = "Sum"
    icon: ClassVar[str] = "pool_sum"
    keywords: ClassVar[tuple[str, ...]] = ("global sum pooling", "total", "reduce")


@register("Max")
class Max(_Reduce):
    """The largest value over chosen dimensions: over height and width it is global max pooling."""

    label: ClassVar[str] = "Max"
    icon: ClassVar[str] = "pool_max"
    keywords: ClassVar[tuple[str, ...]] = ("global max pooling", "maximum", "reduce")
