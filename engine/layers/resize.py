"""Making sequences, pictures and volumes larger or smaller without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Extent, Size2d, Size3d, spoken, times
from engine.layers.windows import picture_shape, shown, spatial_shape

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

Factor = Annotated[float, Field(gt=0, le=4096)]
_BLENDING = ("linear", "bilinear", "bicubic", "trilinear")


class _Upsample(Layer):
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "enlarge"
    axes: ClassVar[int]

    scale_factor: int | float | tuple[float, ...] = Field(2, description="How many times larger.")
    size: int | tuple[int, ...] | None = Field(None, description="Size that comes out; empty means by the factor.")
    mode: str = Field("nearest", description="Repeat values, or blend between them.")
    align_corners: bool = Field(False, description="Let the corner values keep their places while blending.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        size = spatial_shape(self.label, input_shapes[0], self.axes)[1:]
        align = self.align_corners if self.mode in _BLENDING else None
        if self.size is not None:
            return nn.Upsample(size=self.size, mode=self.mode, align_corners=align)
        factors = self._factors()
        if any(int(w * f) < 1 for w, f in zip(size, factors, strict=True)):
            raise BadInput(
                f"{self.label} by {spoken_factor(factors)} leaves nothing of {shown(size)}.", "Use a larger factor."
            )
        given: float | tuple[float, ...] = factors[0] if isinstance(self.scale_factor, int | float) else factors
        return nn.Upsample(scale_factor=given, mode=self.mode, align_corners=align)

    def _factors(self) -> tuple[float, ...]:
        scale = self.scale_factor
        return (float(scale),) * self.axes if isinstance(scale, int | float) else tuple(float(one) for one in scale)

    def summary(self) -> str:
        how = f"×{spoken_factor(self._factors())}" if self.size is None else f"to {times(self.size, self.axes)}"
        return f"{how} · {self.mode}"

    def formula(self, *input_shapes: Shape) -> str:
        if self.size is not None:
            return ""
        size = spatial_shape(self.label, input_shapes[0], self.axes)[1:]
        rows = zip(size, self._factors(), strict=True)
        return "\n".join(f"⌊{w}·{f:g}⌋ = {int(w * f)}" for w, f in rows)


@register("Upsample1d")
class Upsample1d(_Upsample):
    """Lengthens a sequence by a factor, repeating its steps (nearest) or blending between them (linear)."""

    label: ClassVar[str] = "Upsample1d"
    axes: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("resize", "enlarge", "interpolate", "sequence")

    scale_factor: Factor = Field(2, description="How many times longer.")
    size: Extent | None = Field(None, description="Length that comes out; empty means by the factor.")
    mode: Literal["nearest", "linear"] = Field("nearest", description="Repeat steps, or blend between them.")


@register("Upsample")
class Upsample(_Upsample):
    """Enlarges the picture by a factor, repeating pixels (nearest) or blending between them (bilinear, bicubic).

    It has nothing to learn; a convolution after it smooths what it made. Factors below 1 make the picture smaller.
    """

    label: ClassVar[str] = "Upsample"
    axes: ClassVar[int] = 2
    keywords: ClassVar[tuple[str, ...]] = ("resize", "enlarge", "interpolate", "unpool", "upsample2d")

    scale_factor: Extent | tuple[Extent, Extent] | Factor | tuple[Factor, Factor] = Field(
        2, description="How many times larger, in height and width."
    )
    size: Size2d | None = Field(None, description="Height and width that come out; empty means by the factor.")
    mode: Literal["nearest", "bilinear", "bicubic", "nearest-exact", "area"] = Field(
        "nearest", description="Repeat pixels, or blend between them."
    )


@register("Upsample3d")
class Upsample3d(_Upsample):
    """Enlarges a volume or clip by a factor, repeating voxels (nearest) or blending between them (trilinear)."""

    label: ClassVar[str] = "Upsample3d"
    axes: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("resize", "enlarge", "interpolate", "volume", "video")

    scale_factor: Factor | tuple[Factor, Factor, Factor] = Field(
        2, description="How many times larger, in depth, height and width."
    )
    size: Size3d | None = Field(None, description="Depth, height and width that come out; empty means by the factor.")
    mode: Literal["nearest", "trilinear"] = Field("nearest", description="Repeat voxels, or blend between them.")


@register("PixelShuffle")
class PixelShuffle(Layer):
    """Turns r² channels into r×r times as many pixels: a picture grows without inventing values (Shi et al. 2016).

    Put a convolution with r²·K filters before it; together they make sharp enlargements for super-resolution.
    C·r² × H × W becomes C × H·r × W·r.
    """

    label: ClassVar[str] = "PixelShuffle"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pixels"
    keywords: ClassVar[tuple[str, ...]] = ("depth to space", "super-resolution", "sub-pixel", "upsample")

    upscale_factor: Extent = Field(2, description="How many times larger, r.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels, _, _ = picture_shape(self.label, input_shapes[0])
        square = self.upscale_factor**2
        if channels % square:
            raise BadInput(
                f"PixelShuffle turns {square} channels into one, but {channels} come in.",
                f"Give the convolution before it a multiple of {square} filters.",
            )
        return nn.PixelShuffle(self.upscale_factor)

    def summary(self) -> str:
        return f"×{self.upscale_factor}"


@register("PixelUnshuffle")
class PixelUnshuffle(Layer):
    """Turns r×r pixels into r² channels: the picture shrinks and nothing is lost. C × H × W to C·r² × H/r × W/r."""

    label: ClassVar[str] = "PixelUnshuffle"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "pixels"
    keywords: ClassVar[tuple[str, ...]] = ("space to depth", "focus", "downsample", "yolo")

    downscale_factor: Extent = Field(2, description="How many times smaller, r.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        _, height, width = picture_shape(self.label, input_shapes[0])
        if height % self.downscale_factor or width % self.downscale_factor:
            raise BadInput(
                f"PixelUnshuffle cannot divide {height}×{width} by {self.downscale_factor}.",
                "Choose a factor that divides the height and the width.",
            )
        return nn.PixelUnshuffle(self.downscale_factor)

    def summary(self) -> str:
        return f"÷{self.downscale_factor}"


def spoken_factor(factors: tuple[float, ...]) -> str:
    """2 for (2, 2), "2×1.5" for (2, 1.5)."""
    if len(set(factors)) == 1:
        return f"{factors[0]:g}"
    return spoken(tuple(int(one) for one in factors)) if _whole(factors) else "×".join(f"{one:g}" for one in factors)


def _whole(factors: tuple[float, ...]) -> bool:
    return all(one == int(one) for one in factors)
