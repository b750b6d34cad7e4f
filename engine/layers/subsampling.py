"""LeNet-5's trainable subsampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.fields import Extent
from engine.layers.windows import check_fits, picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Subsample2d")
class Subsample2d(Layer):
    """Sums each window, multiplies by one trainable coefficient per map and adds one trainable bias.

    This is the S2 and S4 of LeNet-5 (LeCun et al. 1998), where an activation follows it. Average pooling with
    nothing to train took its place later. Parameters: 2 per map.
    """

    label: ClassVar[str] = "Subsample2d"
    category: ClassVar[Category] = "pooling"
    icon: ClassVar[str] = "pool_average"
    keywords: ClassVar[tuple[str, ...]] = ("lenet", "trainable pooling", "s2", "s4")

    kernel_size: Extent = Field(2, description="Height and width of the window; windows do not overlap.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.subsample import Subsample2d as Module

        channels, height, width = picture_shape(self.label, input_shapes[0])
        check_fits(self.label, (height, width), (self.kernel_size, self.kernel_size), (0, 0))
        return Module(channels, self.kernel_size)

    def summary(self) -> str:
        return f"{self.kernel_size}×{self.kernel_size} · trainable"

    def formula(self, *input_shapes: Shape) -> str:
        channels = input_shapes[0][0]
        return f"parameters = 2·{channels} = {2 * channels:,}"
