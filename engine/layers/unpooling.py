"""The way back from max pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Extent, Margin2d, Size2d, pair, spoken, times
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("MaxUnpool2d")
class MaxUnpool2d(Layer):
    """Puts each value back where the maximum of a max pooling stood, and zeros everywhere else.

    Connect `indices` with the switches of the MaxPool2d (its setting return_indices) that this layer undoes. Edges stay
    where they were, which plain upsampling blurs: SegNet draws its pictures so, and Zeiler and Fergus (2013) look into
    a network so. Output size: (W − 1)·S − 2P + F, unless another is given.
    """

    label: ClassVar[str] = "MaxUnpool2d"
    category: ClassVar[Category] = "pooling"
    icon: ClassVar[str] = "enlarge"
    keywords: ClassVar[tuple[str, ...]] = ("unpooling", "switches", "segnet", "deconvnet", "decoder")
    inputs: ClassVar[tuple[str, ...]] = ("in", "indices")

    kernel_size: Size2d = Field(2, description="Window of the max pooling.")
    stride: Size2d | None = Field(None, description="Its stride; empty means as far as the window is large.")
    padding: Margin2d = Field(0, description="Its padding.")
    output_size: tuple[Extent, Extent] | None = Field(
        None, description="Height and width before the pooling; empty means as the formula says."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.unpool import MaxUnpool2d as Module

        values, switches = input_shapes
        picture_shape(self.label, values)
        if values != switches:
            raise BadInput(
                f"MaxUnpool2d gets values of {shown(values)} but switches of {shown(switches)}.",
                "Connect the indices of the MaxPool2d whose output has this shape.",
            )
        return Module(self.kernel_size, self.stride, self.padding, self.output_size)

    def summary(self) -> str:
        stride = self.kernel_size if self.stride is None else self.stride
        return f"{times(self.kernel_size)} · stride {spoken(stride)}"

    def formula(self, *input_shapes: Shape) -> str:
        if self.output_size is not None:
            return ""
        _, *size = picture_shape(self.label, input_shapes[0])
        kernel, padding = pair(self.kernel_size), pair(self.padding)
        stride = pair(self.kernel_size if self.stride is None else self.stride)
        rows = zip(("height", "width"), size, kernel, stride, padding, strict=True)
        return "\n".join(f"{n} = ({w} − 1)·{s} − 2·{p} + {f} = {(w - 1) * s - 2 * p + f}" for n, w, f, s, p in rows)
