"""Layers that only rearrange values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Flatten")
class Flatten(Layer):
    """Writes the whole picture in one row: channels × height × width values, ready for a dense layer.

    With other dimensions it joins only those: from 2 to 3 it turns a picture into channels × pixels.
    """

    label: ClassVar[str] = "Flatten"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "flatten"
    keywords: ClassVar[tuple[str, ...]] = ("vector", "reshape")

    start_dim: int = Field(1, ge=1, le=5, description="First dimension that is joined; 1 keeps only the batch.")
    end_dim: int = Field(-1, ge=-5, le=5, description="Last dimension that is joined; −1 is the last there is.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        rank = len(input_shapes[0])
        if self.start_dim > max(rank, 1):
            raise BadInput(
                f"Flatten is to start at dimension {self.start_dim}, but its input has {rank}.",
                "Set start_dim to 1.",
            )
        if not self.start_dim <= self._last(rank) <= rank:
            raise BadInput(
                f"Flatten is to end at dimension {self.end_dim}, but it starts at {self.start_dim} and its input "
                f"has {rank}.",
                "Set end_dim to −1, the last.",
            )
        return nn.Flatten(self.start_dim, self.end_dim)

    def _last(self, rank: int) -> int:
        return self.end_dim if self.end_dim >= 0 else rank + 1 + self.end_dim

    def summary(self) -> str:
        return "" if self.end_dim == -1 else f"dimensions {self.start_dim} to {self.end_dim}"

    def formula(self, *input_shapes: Shape) -> str:
        shape = input_shapes[0][self.start_dim - 1 : self._last(len(input_shapes[0]))]
        return f"{'·'.join(str(size) for size in shape)} = {math.prod(shape):,} values"


@register("Unflatten")
class Unflatten(Layer):
    """Takes one dimension apart into several: 64 channels into 8 groups of 8, or a vector into a picture again."""

    label: ClassVar[str] = "Unflatten"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("reshape", "view", "split dimension")

    dim: int = Field(1, ge=1, le=5, description="Dimension that is taken apart; 1 is the first after the batch.")
    unflattened_size: tuple[Annotated[int, Field(ge=-1, le=1_000_000)], ...] = Field(
        (2, -1), min_length=1, max_length=5, description="Sizes that it becomes; one may be −1 and follows."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        shape = input_shapes[0]
        if self.dim > len(shape):
            raise BadInput(
                f"Unflatten is to take dimension {self.dim} apart, but its input has {len(shape)}.", "Set dim to 1."
            )
        total = shape[self.dim - 1]
        if not _makes(total, self.unflattened_size):
            raise BadInput(
                f"Unflatten cannot make {'×'.join(str(size) for size in self.unflattened_size)} out of {total:,}.",
                "Choose sizes whose product is that number; one of them may be −1.",
            )
        return nn.Unflatten(self.dim, self.unflattened_size)

    def summary(self) -> str:
        return f"dimension {self.dim} to " + "×".join(str(size) for size in self.unflattened_size)


@register("Reshape")
class Reshape(Layer):
    """Reads the same values in the same order as another shape. One size may be −1: it follows from the rest."""

    label: ClassVar[str] = "Reshape"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("view", "unflatten")

    shape: tuple[Annotated[int, Field(ge=-1, le=1_000_000)], ...] = Field(
        (-1,), min_length=1, max_length=5, description="Sizes that come out, without the batch."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reshape import Reshape as Module

        total = math.prod(input_shapes[0])
        if not _makes(total, self.shape):
            raise BadInput(
                f"Reshape cannot make {'×'.join(str(size) for size in self.shape)} out of "
                f"{'×'.join(str(size) for size in input_shapes[0])} = {total:,} values.",
                "Choose sizes whose product is that number; one of them may be −1.",
            )
        return Module(self.shape)

    def summary(self) -> str:
        return "to " + "×".join(str(size) for size in self.shape)


def _makes(total: int, sizes: tuple[int, ...]) -> bool:
    """Whether these sizes, of which one may be −1, hold exactly `total` values."""
    known = math.prod(size for size in sizes if size != -1)
    free = sizes.count(-1)
    if free > 1 or known == 0:
        return False
    return total % known == 0 if free else total == known
