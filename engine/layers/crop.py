"""Cutting the border of a picture off."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Margin
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

Sides = Margin | tuple[Margin, Margin] | tuple[Margin, Margin, Margin, Margin]
"""One number for all sides, (top and bottom, left and right), or (top, bottom, left, right)."""


def sides(size: int | tuple[int, ...]) -> tuple[int, int, int, int]:
    """(top, bottom, left, right)."""
    if isinstance(size, int):
        return size, size, size, size
    if len(size) == 2:
        return size[0], size[0], size[1], size[1]
    return size[0], size[1], size[2], size[3]


@register("Crop")
class Crop(Layer):
    """Cuts rows and columns off the sides of a picture."""

    label: ClassVar[str] = "Crop"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "crop"
    keywords: ClassVar[tuple[str, ...]] = ("cut", "border", "cropping")

    margin: Sides = Field(
        1, description="Pixels cut off: on every side, or top and bottom × left and right, or all four in this order."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.crop import Crop as Module

        _, height, width = picture_shape(self.label, input_shapes[0])
        top, bottom, left, right = sides(self.margin)
        if top + bottom >= height or left + right >= width:
            raise BadInput(
                f"Crop cuts {top + bottom} rows and {left + right} columns off a picture of {height}×{width}.",
                "Cut less off.",
            )
        return Module((top, bottom, left, right))

    def summary(self) -> str:
        top, bottom, left, right = sides(self.margin)
        if top == bottom == left == right:
            return f"{top} on every side"
        return f"top {top}, bottom {bottom}, left {left}, right {right}"

    def formula(self, *input_shapes: Shape) -> str:
        _, height, width = picture_shape(self.label, input_shapes[0])
        top, bottom, left, right = sides(self.margin)
        return (
            f"height = {height} − {top} − {bottom} = {height - top - bottom}\n"
            f"width = {width} − {left} − {right} = {width - left - right}"
        )


@register("CropLike")
class CropLike(Layer):
    """Cuts a picture to the height and width of another one, so that both can be joined or added.

    U-Net without padding cuts the middle out of its skip connections so, and FCN fits its enlarged scores to the
    picture so. Of `like` only the size counts.
    """

    label: ClassVar[str] = "CropLike"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "crop"
    keywords: ClassVar[tuple[str, ...]] = ("crop to size", "unet", "fcn", "skip", "copy and crop")
    inputs: ClassVar[tuple[str, ...]] = ("in", "like")

    anchor: Literal["centre", "top left"] = Field("centre", description="Which part stays.")
    offset: Margin | None = Field(
        None,
        description="Rows and columns skipped at the top and the left (FCN names them); empty means by the anchor.",
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.crop import CropLike as Module

        one, like = input_shapes
        _, height, width = picture_shape(self.label, one)
        picture_shape(self.label, like)
        offset = self.offset if self.offset is not None else (0 if self.anchor == "top left" else None)
        skipped = offset or 0
        if like[1] + skipped > height or like[2] + skipped > width:
            extra = f" after skipping {skipped}" if skipped else ""
            raise BadInput(
                f"CropLike cannot cut {shown((like[1], like[2]))} out of a picture of {height}×{width}{extra}.",
                "Connect the larger picture to `in` and the smaller one to `like`.",
            )
        return Module(offset)

    def summary(self) -> str:
        return self.anchor if self.offset is None else f"from row and column {self.offset}"
