"""Resizing a picture to the size of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("UpsampleLike")
class UpsampleLike(Layer):
    """Resizes a picture to the height and width of another one, so that both can be added or joined.

    A feature pyramid brings its coarse levels to the size of the finer ones so, and segmentation its scores to the size
    of the picture. It fits for every size, also where halving had to round. Of `like` only the size counts.
    """

    label: ClassVar[str] = "UpsampleLike"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "enlarge"
    keywords: ClassVar[tuple[str, ...]] = ("resize", "enlarge", "interpolate", "feature pyramid", "fpn", "to size")
    inputs: ClassVar[tuple[str, ...]] = ("in", "like")

    mode: Literal["nearest", "bilinear"] = Field("nearest", description="Repeat pixels, or blend between them.")
    align_corners: bool = Field(
        False, description="Blend so that the corner pixels keep their values; has no effect on repeating."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.upsample_like import UpsampleLike as Module

        for shape in input_shapes:
            picture_shape(self.label, shape)
        return Module(self.mode, self.align_corners)

    def summary(self) -> str:
        return self.mode
