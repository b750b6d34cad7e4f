"""Local contrast normalisation: each pixel against its neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import picture_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Local(Layer):
    category: ClassVar[Category] = "normalisation"
    icon: ClassVar[str] = "contrast"

    kernel_size: int = Field(9, ge=1, le=255, description="Height and width of the neighbourhood; an odd number.")
    sigma: float | None = Field(
        None, gt=0, le=1000, description="Width of the Gaussian in pixels; empty means a quarter of the window."
    )

    def _check(self, shape: Shape) -> tuple[int, float]:
        picture_shape(self.label, shape)
        if self.kernel_size % 2 == 0:
            raise BadInput(
                f"{self.label} has a window of {self.kernel_size}, which has no middle pixel.",
                f"Use an odd number, such as {self.kernel_size + 1}.",
            )
        return shape[0], self.kernel_size / 4 if self.sigma is None else self.sigma

    def summary(self) -> str:
        return f"{self.kernel_size}×{self.kernel_size} window"


@register("SubtractiveNorm2d")
class SubtractiveNorm2d(_Local):
    """Takes from every pixel the mean of its neighbourhood over all channels, so that even surfaces become zero.

    v = x − Σ w·x, where the weights w fall off like a Gaussian and add up to 1 over the window and the channels
    (Jarrett et al. 2009). The first half of local contrast normalisation.
    """

    label: ClassVar[str] = "SubtractiveNorm2d"
    keywords: ClassVar[tuple[str, ...]] = ("local contrast normalisation", "lcn", "mean", "whitening")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.local_contrast import SubtractiveNorm2d as Module

        _, sigma = self._check(input_shapes[0])
        return Module(self.kernel_size, sigma)


@register("DivisiveNorm2d")
class DivisiveNorm2d(_Local):
    """Divides every pixel by how strong its neighbourhood is, so that weak and strong edges look alike.

    y = v/max(c, σ), with σ = √(Σ w·v²) over the window and all channels and c the mean of σ over the picture, which
    keeps noise in even surfaces small (Jarrett et al. 2009). The second half of local contrast normalisation.
    """

    label: ClassVar[str] = "DivisiveNorm2d"
    keywords: ClassVar[tuple[str, ...]] = ("local contrast normalisation", "lcn", "gain control", "standard deviation")

    threshold: float = Field(1e-4, gt=0, le=1000, description="Smallest number that it divides by.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.local_contrast import DivisiveNorm2d as Module

        _, sigma = self._check(input_shapes[0])
        return Module(self.kernel_size, sigma, self.threshold)


@register("LocalContrastNorm2d")
class LocalContrastNorm2d(_Local):
    """Brings every neighbourhood to mean 0 and one strength: edges stay, whatever the light (Jarrett et al. 2009).

    First v = x − Σ w·x, then y = v/max(c, σ), with σ = √(Σ w·v²) and c the mean of σ over the picture. The weights w
    fall off like a Gaussian and add up to 1 over the window and the channels. Cells in the eye do much the same.
    Batch normalisation has replaced it. What ZFNet calls contrast normalisation works across channels instead: see
    LocalResponseNorm. Nothing is learned.
    """

    label: ClassVar[str] = "LocalContrastNorm2d"
    keywords: ClassVar[tuple[str, ...]] = ("lcn", "contrast", "jarrett", "lecun", "whitening")

    threshold: float = Field(1e-4, gt=0, le=1000, description="Smallest number that it divides by.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.local_contrast import LocalContrastNorm2d as Module

        _, sigma = self._check(input_shapes[0])
        return Module(self.kernel_size, sigma, self.threshold)
