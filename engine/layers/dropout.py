"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.windows import spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Dropout(Layer):
    category: ClassVar[Category] = "regularisation"
    axes: ClassVar[int] = 0

    p: float = Field(0.5, ge=0, lt=1, description="Share of the values that is dropped.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        if self.axes:
            spatial_shape(self.label, input_shapes[0], self.axes)
        return getattr(nn, self.label)(self.p)

    def summary(self) -> str:
        return f"p {self.p:g}"


@register("Dropout")
class Dropout(_Dropout):
    """Sets each value to zero with probability p while training, so that no unit can rely on a single other one.

    The values that stay are scaled by 1/(1 − p) during training, and nothing happens at test time (inverted dropout).
    """

    label: ClassVar[str] = "Dropout"
    keywords: ClassVar[tuple[str, ...]] = ("overfitting", "regularisation")


class _ChannelDropout(_Dropout):
    p: float = Field(0.5, ge=0, lt=1, description="Share of the feature maps that is dropped.")


@register("Dropout1d")
class Dropout1d(_ChannelDropout):
    """Drops whole channels of a sequence with probability p while training, since neighbouring steps are alike."""

    label: ClassVar[str] = "Dropout1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("channel dropout", "spatial dropout", "sequence")


@register("Dropout2d")
class Dropout2d(_ChannelDropout):
    """Drops whole feature maps with probability p while training.

    Neighbouring pixels are so alike that dropping single ones, as plain dropout does, hides little.
    """

    label: ClassVar[str] = "Dropout2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("channel dropout", "spatial dropout")


@register("Dropout3d")
class Dropout3d(_ChannelDropout):
    """Drops whole channels of a volume or clip with probability p while training."""

    label: ClassVar[str] = "Dropout3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("channel dropout", "spatial dropout", "volume", "video")


@register("AlphaDropout")
class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance, for networks of SELU units: dropped values become SELU's lower limit.

    Plain dropout would disturb the normalisation that SELU networks keep by themselves (Klambauer et al. 2017).
    """

    label: ClassVar[str] = "AlphaDropout"
    keywords: ClassVar[tuple[str, ...]] = ("selu", "self-normalising")


@register("FeatureAlphaDropout")
class FeatureAlphaDropout(_ChannelDropout):
    """Alpha dropout of whole feature maps, for convolutional networks of SELU units."""

    label: ClassVar[str] = "FeatureAlphaDropout"
    keywords: ClassVar[tuple[str, ...]] = ("selu", "channel dropout", "self-normalising")
