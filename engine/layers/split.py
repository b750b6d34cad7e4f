"""Layers that take a tensor apart: into several outputs, or down to one part."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Axis, Count
from engine.layers.reorder import check_axes
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Split")
class Split(Layer):
    """Cuts its input into parts of given sizes, one for each output port, usually along the channels.

    Two branches can then do different things, as when one half decides how much of the other passes. Concatenate puts
    the parts together again.
    """

    label: ClassVar[str] = "Split"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "divide_channels"
    keywords: ClassVar[tuple[str, ...]] = ("chunk", "cut", "branches", "divide")

    sizes: tuple[Count, ...] = Field(
        (8, 8), min_length=1, max_length=64, description="Size of each part; they have to add up to what comes in."
    )
    dim: Axis = Field(1, description="Dimension that is cut; 1 is the channels.")

    def output_ports(self) -> tuple[str, ...]:
        return _numbered(len(self.sizes))

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        from engine.modules.split import Split as Module

        shape = input_shapes[0]
        check_axes(self.label, shape, self.dim)
        total = shape[self.dim - 1]
        if sum(self.sizes) != total:
            parts = " + ".join(str(size) for size in self.sizes)
            raise BadInput(
                f"Split is to cut {total} into {parts} = {sum(self.sizes)}.",
                "Choose sizes that add up to what comes in, or use Chunk for equal parts.",
            )
        return Module(self.sizes, self.dim) if len(self.sizes) > 1 else nn.Identity()

    def summary(self) -> str:
        return " + ".join(str(size) for size in self.sizes) + ("" if self.dim == 1 else f" · dimension {self.dim}")


@register("Chunk")
class Chunk(Layer):
    """Cuts its input into equal parts, one for each output port, usually along the channels."""

    label: ClassVar[str] = "Chunk"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "divide_channels"
    keywords: ClassVar[tuple[str, ...]] = ("split", "cut", "branches", "halves", "shufflenet")

    chunks: int = Field(2, ge=1, le=64, description="How many parts.")
    dim: Axis = Field(1, description="Dimension that is cut; 1 is the channels.")

    def output_ports(self) -> tuple[str, ...]:
        return _numbered(self.chunks)

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        from engine.modules.split import Chunk as Module

        shape = input_shapes[0]
        check_axes(self.label, shape, self.dim)
        if shape[self.dim - 1] % self.chunks:
            raise BadInput(
                f"Chunk cannot cut {shape[self.dim - 1]} into {self.chunks} equal parts.",
                "Choose a number of parts that divides it, or use Split with sizes.",
            )
        return Module(self.chunks, self.dim) if self.chunks > 1 else nn.Identity()

    def summary(self) -> str:
        return f"{self.chunks} parts" + ("" if self.dim == 1 else f" · dimension {self.dim}")


@register("Select")
class Select(Layer):
    """Takes one element of a dimension, which then is gone: the class token (index 0), or the last step (index −1)."""

    label: ClassVar[str] = "Select"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pick"
    keywords: ClassVar[tuple[str, ...]] = ("index", "pick", "class token", "last step", "getitem")

    index: int = Field(0, ge=-1_000_000, le=1_000_000, description="Which one; 0 is the first and −1 the last.")
    dim: Axis = Field(1, description="Dimension to take it from; 1 is the channels or the tokens.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.split import Select as Module

        shape = input_shapes[0]
        check_axes(self.label, shape, self.dim)
        size = shape[self.dim - 1]
        if len(shape) < 2:
            raise BadInput(
                f"Select would leave a single number of the vector of {size}.", "Use Slice to keep a vector."
            )
        if not -size <= self.index < size:
            raise BadInput(
                f"Select is to take number {self.index} of {shown(shape)}, where dimension {self.dim} has "
                f"0 to {size - 1}.",
                f"Choose an index from 0 to {size - 1}, or −1 for the last.",
            )
        return Module(self.index, self.dim)

    def summary(self) -> str:
        return f"number {self.index}" + ("" if self.dim == 1 else f" · dimension {self.dim}")


@register("Slice")
class Slice(Layer):
    """Keeps a stretch of one dimension, such as the first 16 channels or every second step."""

    label: ClassVar[str] = "Slice"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pick"
    keywords: ClassVar[tuple[str, ...]] = ("narrow", "range", "stretch", "subset", "getitem")

    start: int = Field(0, ge=-1_000_000, le=1_000_000, description="First one that is kept; −1 is the last there is.")
    end: int | None = Field(
        None, ge=-1_000_000, le=1_000_000, description="First one that is not kept any more; empty means to the end."
    )
    step: Count = Field(1, description="Distance between those that are kept; 1 keeps all, 2 every second one.")
    dim: Axis = Field(1, description="Dimension that is cut; 1 is the channels.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.split import Slice as Module

        shape = input_shapes[0]
        check_axes(self.label, shape, self.dim)
        size = shape[self.dim - 1]
        if not range(size)[slice(self.start, self.end, self.step)]:
            end = "the end" if self.end is None else str(self.end)
            raise BadInput(
                f"Slice from {self.start} to {end} keeps nothing of the {size} in dimension {self.dim}.",
                f"Choose a start below {size} and an end after it.",
            )
        return Module(self.start, self.end, self.step, self.dim)

    def summary(self) -> str:
        end = "end" if self.end is None else str(self.end)
        step = f" · step {self.step}" if self.step > 1 else ""
        return f"{self.start} to {end}{step}" + ("" if self.dim == 1 else f" · dimension {self.dim}")


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"out{number}" for number in range(1, count + 1))
