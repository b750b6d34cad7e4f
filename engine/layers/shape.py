"""Layers that only rearrange values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Extent, Size2d, spoken
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Flatten")
class Flatten(Layer):
    """Writes the whole picture in one row: channels × height × width values, ready for a dense layer."""

    label: ClassVar[str] = "Flatten"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("vector", "reshape")

    start_dim: int = Field(1, ge=1, le=5, description="First dimension that is joined; 1 keeps only the batch.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        if self.start_dim > max(len(input_shapes[0]), 1):
            raise BadInput(
                f"Flatten is to start at dimension {self.start_dim}, but its input has {len(input_shapes[0])}.",
                "Set start_dim to 1.",
            )
        return nn.Flatten(self.start_dim)

    def formula(self, *input_shapes: Shape) -> str:
        shape = input_shapes[0][self.start_dim - 1 :]
        return f"{'·'.join(str(size) for size in shape)} = {math.prod(shape):,} values"


@register("Reshape")
class Reshape(Layer):
    """Reads the same values in the same order as another shape. One size may be −1: it follows from the rest."""

    label: ClassVar[str] = "Reshape"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("view", "unflatten")

    shape: tuple[Annotated[int, Field(ge=-1, le=1_000_000)], ...] = Field(
        (-1,), min_length=1, max_length=5, description="Sizes that come out, without the batch."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.reshape import Reshape as Module

        total = math.prod(input_shapes[0])
        wanted = [size for size in self.shape if size != -1]
        known = math.prod(wanted)
        free = len(self.shape) - len(wanted)
        if free > 1 or known == 0 or (total % known if free else total != known):
            raise BadInput(
                f"Reshape cannot make {'×'.join(str(size) for size in self.shape)} out of "
                f"{'×'.join(str(size) for size in input_shapes[0])} = {total:,} values.",
                "Choose sizes whose product is that number; one of them may be −1.",
            )
        return Module(self.shape)

    def summary(self) -> str:
        return "to " + "×".join(str(size) for size in self.shape)


@register("Upsample")
class Upsample(Layer):
    """Enlarges the picture by a factor, repeating pixels (nearest) or blending between them (bilinear)."""

    label: ClassVar[str] = "Upsample"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("resize", "enlarge", "interpolate", "unpool")

    scale_factor: Size2d = Field(2, description="How many times larger, in height and width.")
    mode: Literal["nearest", "bilinear"] = Field("nearest", description="Repeat pixels, or blend between them.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        picture_shape(self.label, input_shapes[0])
        scale = self.scale_factor
        factor: float | tuple[float, float] = (
            float(scale) if isinstance(scale, int) else (float(scale[0]), float(scale[1]))
        )
        if self.mode == "nearest":
            return nn.Upsample(scale_factor=factor, mode="nearest")
        return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False)

    def summary(self) -> str:
        return f"×{spoken(self.scale_factor)} · {self.mode}"


@register("ZeroPad2d")
class ZeroPad2d(Layer):
    """Adds rows and columns of zeros around the picture."""

    label: ClassVar[str] = "ZeroPad2d"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("padding", "border")

    padding: Extent = Field(1, description="Pixels added on every side.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        picture_shape(self.label, input_shapes[0])
        return nn.ZeroPad2d(self.padding)

    def summary(self) -> str:
        return f"{self.padding} on every side"
