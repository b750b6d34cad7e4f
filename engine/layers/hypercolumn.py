"""Hypercolumns: what all levels of a network say about one pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Hypercolumn")
class Hypercolumn(Layer):
    """Gathers for each pixel what several levels of a network say about it: fine edges from the first, whole things
    from the last.

    Coarse maps are enlarged to the size of the picture by blending (bilinear), and all are joined along the channels.
    Since neighbouring pixels tell nearly the same, training can make do with a few thousand sampled pixels of a
    picture: then only their positions are computed, which saves most of the time and memory (Hariharan et al. 2015;
    PixelNet, Bansal et al. 2017). Of `picture` only the size counts.
    """

    label: ClassVar[str] = "Hypercolumn"
    category: ClassVar[Category] = "merge"
    keywords: ClassVar[tuple[str, ...]] = ("pixelnet", "multi-scale", "per pixel", "sampling", "concatenate")

    levels: int = Field(2, ge=1, le=32, description="How many levels are joined.")
    sampled: bool = Field(
        False, description="Only at given pixels: a further port takes their positions, P × 2, as (x, y)."
    )

    def input_ports(self) -> tuple[str, ...]:
        names = ("picture", *(f"level{number}" for number in range(1, self.levels + 1)))
        return (*names, "positions") if self.sampled else names

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.hypercolumn import Hypercolumn as Module

        for shape in input_shapes[: self.levels + 1]:
            picture_shape(self.label, shape)
        if self.sampled:
            positions = input_shapes[self.levels + 1]
            if len(positions) != 2 or positions[1] != 2:
                raise BadInput(
                    f"Hypercolumn expects positions as P×2, an x and a y for each pixel, but gets {shown(positions)}.",
                    "Connect an Input of shape (2000, 2) to `positions`, or set sampled to false.",
                )
        return Module(self.levels, self.sampled)

    def summary(self) -> str:
        return f"{self.levels} levels · {'sampled pixels' if self.sampled else 'all pixels'}"

    def formula(self, *input_shapes: Shape) -> str:
        channels = [shape[0] for shape in input_shapes[1 : self.levels + 1]]
        return f"channels = {' + '.join(str(one) for one in channels)} = {sum(channels):,}"
