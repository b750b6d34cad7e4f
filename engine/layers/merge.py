"""Layers in which branches meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


def _written(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(shown(shape) for shape in shapes)


class _Elementwise(Layer):
    """A layer whose module of the same name takes any number of branches of one shape."""

    category: ClassVar[Category] = "merge"
    variadic: ClassVar[bool] = True

    def build(self, *input_shapes: Shape) -> nn.Module:
        import engine.modules.merge

        self._check(input_shapes)
        return getattr(engine.modules.merge, self.label)()

    def _check(self, shapes: tuple[Shape, ...]) -> None:
        if len(shapes) < 2:
            raise BadInput(f"{self.label} has only one input.", "Connect a second branch to it, or remove it.")
        first = shapes[0]
        for shape in shapes[1:]:
            same_rank = len(shape) == len(first)
            # A size of 1 is stretched, as the gate of a squeeze-and-excitation block needs.
            if not same_rank or any(a != b and 1 not in (a, b) for a, b in zip(first, shape, strict=True)):
                raise BadInput(
                    f"{self.label} needs branches of one shape but gets {_written(shapes)}.",
                    "Make them equal, for example with a 1×1 convolution on the shorter branch.",
                )


@register("Add")
class Add(_Elementwise):
    """Adds its inputs value by value. In a residual block it adds the shortcut to what the convolutions found.

    The gradient passes an addition unchanged, which is why networks with shortcuts can be very deep (He et al. 2015).
    """

    label: ClassVar[str] = "Add"
    icon: ClassVar[str] = "add"
    keywords: ClassVar[tuple[str, ...]] = ("sum", "residual", "skip", "shortcut", "plus")


@register("Multiply")
class Multiply(_Elementwise):
    """Multiplies its inputs value by value; one branch can gate another (highway, squeeze-and-excitation)."""

    label: ClassVar[str] = "Multiply"
    icon: ClassVar[str] = "multiply"
    keywords: ClassVar[tuple[str, ...]] = ("product", "gate", "attention")


@register("Maximum")
class Maximum(_Elementwise):
    """Keeps at every place the largest value of its inputs: whichever branch is surest decides (maxout)."""

    label: ClassVar[str] = "Maximum"
    icon: ClassVar[str] = "pool_max"
    keywords: ClassVar[tuple[str, ...]] = ("max", "largest", "maxout", "merge")


@register("Minimum")
class Minimum(_Elementwise):
    """Keeps at every place the smallest value of its inputs: all branches must agree before it becomes large."""

    label: ClassVar[str] = "Minimum"
    icon: ClassVar[str] = "minimum"
    keywords: ClassVar[tuple[str, ...]] = ("min", "smallest", "merge")


@register("Average")
class Average(_Elementwise):
    """The mean of its inputs, value by value: branches vote, as in an ensemble."""

    label: ClassVar[str] = "Average"
    icon: ClassVar[str] = "pool_average"
    keywords: ClassVar[tuple[str, ...]] = ("mean", "ensemble", "merge")


@register("Concatenate")
class Concatenate(Layer):
    """Puts its inputs one behind the other, usually along the channels. All other sizes must agree.

    Inception modules collect their branches with it, and DenseNet everything that came before. The inputs stand in the
    order in which they were connected.
    """

    label: ClassVar[str] = "Concatenate"
    category: ClassVar[Category] = "merge"
    icon: ClassVar[str] = "join"
    keywords: ClassVar[tuple[str, ...]] = ("cat", "join", "stack", "inception", "dense block")
    variadic: ClassVar[bool] = True

    dim: int = Field(1, ge=1, le=5, description="Dimension that grows; 1 is the channels.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.merge import Concatenate as Module

        if len(input_shapes) < 2:
            raise BadInput("Concatenate has only one input.", "Connect a second branch to it, or remove it.")
        first = input_shapes[0]
        axis = self.dim - 1
        for shape in input_shapes[1:]:
            others_agree = len(shape) == len(first) and axis < len(first)
            others_agree = others_agree and all(
                a == b for i, (a, b) in enumerate(zip(first, shape, strict=True)) if i != axis
            )
            if not others_agree:
                raise BadInput(
                    f"Concatenate needs branches that agree except in dimension {self.dim} but gets "
                    f"{_written(input_shapes)}.",
                    "Give all branches the same height and width.",
                )
        return Module(self.dim)

    def summary(self) -> str:
        return "channels" if self.dim == 1 else f"dimension {self.dim}"
