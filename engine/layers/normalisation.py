"""Normalisation: keeping the numbers that flow through a network in a sensible range."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count
from engine.layers.windows import picture_shape, shown, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


def _scale_and_shift(channels: int) -> str:
    return f"parameters = 2·{channels} = {2 * channels:,}"


class _BatchNorm(Layer):
    category: ClassVar[Category] = "normalisation"

    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance, against division by zero.")
    momentum: float = Field(0.1, ge=0, le=1, description="Weight of the newest batch in the running averages.")
    affine: bool = Field(True, description="Learn a scale and a shift per channel.")

    def formula(self, *input_shapes: Shape) -> str:
        return _scale_and_shift(input_shapes[0][0]) if self.affine else ""


@register("BatchNorm2d")
class BatchNorm2d(_BatchNorm):
    """Brings every channel to mean 0 and variance 1 over the batch, then learns a scale and a shift.

    Training becomes faster and less sensitive to the start and the learning rate (Ioffe and Szegedy 2015). In
    training it uses the batch at hand, afterwards running averages; batches should hold more than a few pictures.
    Parameters: 2C.
    """

    label: ClassVar[str] = "BatchNorm2d"
    keywords: ClassVar[tuple[str, ...]] = ("batch norm", "bn")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels, _, _ = picture_shape(self.label, input_shapes[0])
        return nn.BatchNorm2d(channels, eps=self.eps, momentum=self.momentum, affine=self.affine)


@register("BatchNorm1d")
class BatchNorm1d(_BatchNorm):
    """Batch normalisation of a vector, for use between dense layers, or of the channels of a sequence."""

    label: ClassVar[str] = "BatchNorm1d"
    keywords: ClassVar[tuple[str, ...]] = ("batch norm", "bn")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        shape = input_shapes[0]
        if len(shape) not in (1, 2):
            raise BadInput(
                f"BatchNorm1d expects a vector or a sequence but gets {shown(shape)}.",
                "Use BatchNorm2d for pictures.",
            )
        return nn.BatchNorm1d(shape[0], eps=self.eps, momentum=self.momentum, affine=self.affine)


@register("BatchNorm3d")
class BatchNorm3d(_BatchNorm):
    """Batch normalisation of a volume or clip: each channel over the batch, depth, height and width."""

    label: ClassVar[str] = "BatchNorm3d"
    keywords: ClassVar[tuple[str, ...]] = ("batch norm", "bn", "volume", "video")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels = spatial_shape(self.label, input_shapes[0], 3)[0]
        return nn.BatchNorm3d(channels, eps=self.eps, momentum=self.momentum, affine=self.affine)


@register("GroupNorm")
class GroupNorm(Layer):
    """Normalises groups of channels within each picture, so it does not depend on the batch (Wu and He 2018).

    Good for small batches, such as in detection and segmentation of large pictures. One group is layer norm over the
    whole picture, as many groups as channels is instance norm.
    """

    label: ClassVar[str] = "GroupNorm"
    category: ClassVar[Category] = "normalisation"

    num_groups: Count = Field(4, description="Number of groups that the channels are split into.")
    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance, against division by zero.")
    affine: bool = Field(True, description="Learn a scale and a shift per channel.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels = input_shapes[0][0]
        if channels % self.num_groups:
            raise BadInput(
                f"GroupNorm cannot split {channels} channels into {self.num_groups} equal groups.",
                "Choose a number of groups that divides the channels.",
            )
        return nn.GroupNorm(self.num_groups, channels, eps=self.eps, affine=self.affine)

    def summary(self) -> str:
        return f"{self.num_groups} groups"

    def formula(self, *input_shapes: Shape) -> str:
        return _scale_and_shift(input_shapes[0][0]) if self.affine else ""


class _InstanceNorm(Layer):
    category: ClassVar[Category] = "normalisation"
    axes: ClassVar[int]

    eps: float = Field(1e-5, gt=0, le=1, description="Added to the variance, against division by zero.")
    affine: bool = Field(False, description="Learn a scale and a shift per channel.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels, *size = spatial_shape(self.label, input_shapes[0], self.axes)
        if math.prod(size) < 2:
            raise BadInput(
                f"{self.label} needs more than one value per channel but gets {shown(tuple(size))}.",
                "Remove it, or move it before the pooling.",
            )
        return getattr(nn, self.label)(channels, eps=self.eps, affine=self.affine)

    def formula(self, *input_shapes: Shape) -> str:
        return _scale_and_shift(input_shapes[0][0]) if self.affine else ""


@register("InstanceNorm1d")
class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sequence by itself, so that loud and quiet signals look alike."""

    label: ClassVar[str] = "InstanceNorm1d"
    axes: ClassVar[int] = 1


@register("InstanceNorm2d")
class InstanceNorm2d(_InstanceNorm):
    """Normalises each channel of each picture by itself; it takes out contrast, and is known from style transfer."""

    label: ClassVar[str] = "InstanceNorm2d"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("style transfer", "contrast")


@register("InstanceNorm3d")
class InstanceNorm3d(_InstanceNorm):
    """Normalises each channel of each volume or clip by itself."""

    label: ClassVar[str] = "InstanceNorm3d"
    axes: ClassVar[int] = 3


@register("LocalResponseNorm")
class LocalResponseNorm(Layer):
    """Divides each value by the activity of its neighbours across channels (AlexNet): a loud unit quietens the others.

    b = a / (k + α/n·Σa²)^β over n neighbouring channels. PyTorch divides α by n and the AlexNet paper does not, so the
    paper's n = 5, α = 1e-4 is entered as size 5, alpha 5e-4. Batch normalisation has replaced it.
    """

    label: ClassVar[str] = "LocalResponseNorm"
    category: ClassVar[Category] = "normalisation"
    icon: ClassVar[str] = "contrast"
    keywords: ClassVar[tuple[str, ...]] = ("lrn", "alexnet")

    size: Count = Field(5, description="Number of neighbouring channels n.")
    alpha: float = Field(5e-4, gt=0, le=100, description="Strength α; the sum is divided by the size.")
    beta: float = Field(0.75, gt=0, le=10, description="Exponent β.")
    k: float = Field(2.0, gt=0, le=100, description="Added to the sum.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        if len(input_shapes[0]) < 2:
            raise BadInput(
                f"LocalResponseNorm expects a picture but gets a vector of {input_shapes[0][0]}.",
                "Move it before Flatten.",
            )
        return nn.LocalResponseNorm(self.size, alpha=self.alpha, beta=self.beta, k=self.k)

    def summary(self) -> str:
        return f"n {self.size} · α {self.alpha:g} · β {self.beta:g} · k {self.k:g}"
