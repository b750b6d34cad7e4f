"""Adding a border."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.idle import counts_if
from engine.layers.base import Category, Layer, register
from engine.layers.crop import Sides, sides
from engine.layers.fields import Extent, Margin
from engine.layers.windows import AXES, picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("ZeroPad2d")
class ZeroPad2d(Layer):
    """Adds rows and columns of zeros around the picture, the same number on every side."""

    label: ClassVar[str] = "ZeroPad2d"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pad"
    keywords: ClassVar[tuple[str, ...]] = ("padding", "border")

    padding: Extent = Field(1, description="Pixels added on every side.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        picture_shape(self.label, input_shapes[0])
        return nn.ZeroPad2d(self.padding)

    def summary(self) -> str:
        return f"{self.padding} on every side"


@register("Pad")
class Pad(Layer):
    """Adds a border: one value, the mirror image (reflect), the edge repeated (replicate), or the far side (circular).

    Zeros look like an edge to a filter; a mirrored border does not, which pictures that are made or cleaned profit
    from. A sequence or a volume gets the first number on both ends of every axis.
    """

    label: ClassVar[str] = "Pad"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pad"
    keywords: ClassVar[tuple[str, ...]] = (
        "padding",
        "border",
        "reflect",
        "mirror",
        "replicate",
        "circular",
        "constant",
    )

    margin: Sides = Field(
        1, description="Pixels added: on every side, or top and bottom × left and right, or all four in this order."
    )
    mode: Literal["constant", "reflect", "replicate", "circular"] = Field(
        "constant", description="What the border holds: one value, the mirror image, the edge, or the far side."
    )
    value: float = Field(
        0.0,
        ge=-1e12,
        le=1e12,
        description="The value of a constant border.",
        json_schema_extra=counts_if(mode=["constant"]),
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.pad import Pad as Module

        shape = input_shapes[0]
        axes = len(shape) - 1
        if axes not in AXES or (axes != 2 and not isinstance(self.margin, int)):
            raise BadInput(
                f"Pad with {self._written()} expects a picture (channels × height × width) but gets {shown(shape)}.",
                "Insert a Reshape, or give one number for sequences and volumes.",
            )
        margins = self._margins(axes)
        most = {"reflect": -1, "circular": 0}.get(self.mode)
        limits = [size for size in shape[1:] for _ in range(2)]
        if most is not None and any(m > w + most for m, w in zip(margins, limits, strict=True)):
            raise BadInput(
                f"Pad cannot take a {self.mode} border of {max(margins)} from {shown(shape[1:])}.",
                "Make it narrower, or choose replicate.",
            )
        # PyTorch counts from the last axis: left, right, top, bottom.
        order = [margins[2 * axis + end] for axis in reversed(range(axes)) for end in range(2)]
        return Module(tuple(order), self.mode, self.value)

    def _margins(self, axes: int) -> tuple[int, ...]:
        """Before and after, for every axis in order."""
        return (self.margin,) * 2 * axes if isinstance(self.margin, int) else sides(self.margin)

    def _written(self) -> str:
        return str(self.margin) if isinstance(self.margin, int) else "×".join(str(one) for one in self.margin)

    def summary(self) -> str:
        what = f"{self.value:g}" if self.mode == "constant" else self.mode
        if isinstance(self.margin, int):
            return f"{self.margin} on every side · {what}"
        top, bottom, left, right = sides(self.margin)
        return f"top {top}, bottom {bottom}, left {left}, right {right} · {what}"


@register("PadChannels")
class PadChannels(Layer):
    """Adds channels of zeros behind those that are there, so that a shortcut fits a wider branch without weights.

    He et al. 2015 call it shortcut option A.
    """

    label: ClassVar[str] = "PadChannels"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pad"
    keywords: ClassVar[tuple[str, ...]] = ("zero padding", "shortcut", "option a", "resnet")

    channels: Margin = Field(8, description="How many channels are added.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.pad import PadChannels as Module

        return Module(self.channels)

    def summary(self) -> str:
        return f"{self.channels} more"
