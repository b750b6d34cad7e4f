"""Layers that put the dimensions in another order, or make and drop dimensions of size 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Axis
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


def check_axes(layer: str, shape: Shape, *axes: int) -> None:
    """Raise `BadInput` when a dimension (1 is the first after the batch) is not there."""
    for axis in axes:
        if not 1 <= axis <= len(shape):
            raise BadInput(
                f"{layer} names dimension {axis}, but its input {shown(shape)} has the dimensions 1 to {len(shape)}.",
                "Dimension 1 is the first after the batch; for a picture 1, 2 and 3 are channels, height and width.",
            )


@register("Permute")
class Permute(Layer):
    """Puts the dimensions in another order: (2, 3, 1) turns channels × height × width into height × width × channels.

    The values stay, only their order in memory and meaning changes. The batch is not counted and stays first.
    """

    label: ClassVar[str] = "Permute"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "axes"
    keywords: ClassVar[tuple[str, ...]] = ("transpose", "channels last", "order", "swap")

    dims: tuple[Axis, ...] = Field(
        (2, 1), min_length=1, max_length=5, description="The old dimensions in their new order; 1 is the first."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reorder import Permute as Module

        shape = input_shapes[0]
        if sorted(self.dims) != list(range(1, len(shape) + 1)):
            wanted = ", ".join(str(axis) for axis in range(1, len(shape) + 1))
            raise BadInput(
                f"Permute orders the dimensions {', '.join(str(one) for one in self.dims)}, but its input "
                f"{shown(shape)} has {wanted}.",
                "Name each dimension once.",
            )
        return Module(self.dims)

    def summary(self) -> str:
        return "to " + ", ".join(str(axis) for axis in self.dims)


@register("Transpose")
class Transpose(Layer):
    """Swaps two dimensions: channels × steps, as convolutions give it, becomes steps × channels for attention."""

    label: ClassVar[str] = "Transpose"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "axes"
    keywords: ClassVar[tuple[str, ...]] = ("permute", "swap", "matrix")

    dim0: Axis = Field(1, description="First dimension; 1 is the one after the batch.")
    dim1: Axis = Field(2, description="The dimension that it changes places with.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reorder import Transpose as Module

        check_axes(self.label, input_shapes[0], self.dim0, self.dim1)
        return Module(self.dim0, self.dim1)

    def summary(self) -> str:
        return f"{self.dim0} with {self.dim1}"


@register("Squeeze")
class Squeeze(Layer):
    """Drops a dimension of size 1, such as the single row that is left of a picture."""

    label: ClassVar[str] = "Squeeze"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "flatten"
    keywords: ClassVar[tuple[str, ...]] = ("remove dimension",)

    dim: int = Field(-1, ge=-5, le=5, description="Dimension to drop; 1 is the first, −1 the last.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reorder import Squeeze as Module

        shape = input_shapes[0]
        place = self.dim if self.dim > 0 else self.dim + len(shape) + 1
        check_axes(self.label, shape, place)
        if shape[place - 1] != 1:
            raise BadInput(
                f"Squeeze is to drop dimension {self.dim} of {shown(shape)}, but its size is {shape[place - 1]}.",
                "Choose a dimension of size 1, or take one of its values with Select.",
            )
        if len(shape) == 1:
            raise BadInput("Squeeze would leave a single number.", "Leave the vector of one value as it is.")
        return Module(place)

    def summary(self) -> str:
        return f"dimension {self.dim}"


@register("Unsqueeze")
class Unsqueeze(Layer):
    """Inserts a dimension of size 1, so that for example a sequence becomes a picture of one channel."""

    label: ClassVar[str] = "Unsqueeze"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("add dimension", "expand")

    dim: Axis = Field(1, description="Where the new dimension stands; 1 is right after the batch.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reorder import Unsqueeze as Module

        if self.dim > len(input_shapes[0]) + 1:
            check_axes(self.label, input_shapes[0], self.dim)
        return Module(self.dim)

    def summary(self) -> str:
        return f"dimension {self.dim}"
