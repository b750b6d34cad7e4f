"""Normalisation as detectors use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("FrozenBatchNorm2d")
class FrozenBatchNorm2d(Layer):
    """Batch normalisation that no longer learns: averages, scale and shift stay as they were loaded.

    Detectors train with one or two large pictures at a time, too few for the averages of a batch to mean anything. So
    they keep those that the backbone learned in classification. Parameters: none; it only makes sense with loaded
    weights.
    """

    label: ClassVar[str] = "FrozenBatchNorm2d"
    category: ClassVar[Category] = "normalisation"
    keywords: ClassVar[tuple[str, ...]] = ("batch norm", "bn", "detection", "fixed", "transfer")

    eps: float = Field(1e-5, ge=0, le=1, description="Added to the variance, against division by zero.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_norm import FrozenBatchNorm2d as Module

        channels, _, _ = picture_shape(self.label, input_shapes[0])
        return Module(channels, self.eps)


@register("L2Scale")
class L2Scale(Layer):
    """Brings the channels at every place to length 1 and multiplies each channel by a learned factor.

    Feature maps from different depths have values of different size; so they become comparable (Liu et al. 2015). SSD
    uses it on conv4_3. Parameters: C.
    """

    label: ClassVar[str] = "L2Scale"
    category: ClassVar[Category] = "normalisation"
    keywords: ClassVar[tuple[str, ...]] = ("l2 norm", "ssd", "parsenet", "unit length")

    start: float = Field(20.0, gt=0, le=1000, description="Factor of every channel before training.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.detection_norm import L2Scale as Module

        channels, _, _ = picture_shape(self.label, input_shapes[0])
        return Module(channels, self.start)

    def formula(self, *input_shapes: Shape) -> str:
        return f"parameters = {input_shapes[0][0]:,}"
