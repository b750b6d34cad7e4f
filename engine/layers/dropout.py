"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Dropout")
class Dropout(Layer):
    """Sets each value to zero with probability p while training, so that no unit can rely on a single other one.

    The values that stay are scaled by 1/(1 − p) during training, and nothing happens at test time (inverted dropout).
    """

    label: ClassVar[str] = "Dropout"
    category: ClassVar[Category] = "regularisation"
    keywords: ClassVar[tuple[str, ...]] = ("overfitting", "regularisation")

    p: float = Field(0.5, ge=0, lt=1, description="Share of the values that is dropped.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return nn.Dropout(self.p)

    def summary(self) -> str:
        return f"p {self.p:g}"


@register("Dropout2d")
class Dropout2d(Layer):
    """Drops whole feature maps with probability p while training.

    Neighbouring pixels are so alike that dropping single ones, as plain dropout does, hides little.
    """

    label: ClassVar[str] = "Dropout2d"
    category: ClassVar[Category] = "regularisation"
    keywords: ClassVar[tuple[str, ...]] = ("channel dropout", "spatial dropout")

    p: float = Field(0.5, ge=0, lt=1, description="Share of the feature maps that is dropped.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        from engine.layers.windows import picture_shape

        picture_shape(self.label, input_shapes[0])
        return nn.Dropout2d(self.p)

    def summary(self) -> str:
        return f"p {self.p:g}"
