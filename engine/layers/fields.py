"""Kinds of parameter that several layers share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field


def _alone(value: Any) -> Any:
    """(3,) as 3: PyTorch's one-dimensional modules hold their sizes so."""
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value


Count = Annotated[int, Field(ge=1, le=1_000_000)]
Extent = Annotated[int, Field(ge=1, le=4096)]
Margin = Annotated[int, Field(ge=0, le=4096)]
Axis = Annotated[int, Field(ge=1, le=5)]
Size1d = Annotated[int, Field(ge=1, le=4096), BeforeValidator(_alone)]
Size2d = Extent | tuple[Extent, Extent]
Size3d = Extent | tuple[Extent, Extent, Extent]
Margin1d = Annotated[int, Field(ge=0, le=4096), BeforeValidator(_alone)]
Margin2d = Margin | tuple[Margin, Margin]
Margin3d = Margin | tuple[Margin, Margin, Margin]
ConvPadding = Literal["valid", "same", "full"] | Margin | tuple[Margin, Margin]
ConvPadding1d = Literal["valid", "same", "full"] | Margin1d
ConvPadding3d = Literal["valid", "same", "full"] | Margin | tuple[Margin, Margin, Margin]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]
Small = Annotated[float, Field(gt=0, le=1)]

Sizes = int | tuple[int, ...]


def per_axis(size: Sizes, axes: int) -> tuple[int, ...]:
    """One number per axis of a size that may be given as a single one."""
    return (size,) * axes if isinstance(size, int) else tuple(size)


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a size that may be given as one number."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def times(size: Sizes, axes: int = 2) -> str:
    """A size as people write it, such as "5×5"; on a single axis "length 5"."""
    if axes == 1 or (isinstance(size, tuple) and len(size) == 1):
        return f"length {per_axis(size, 1)[0]}"
    return "×".join(str(one) for one in per_axis(size, axes))


def spoken(size: Sizes) -> str:
    """A size in as few numbers as it takes: 2 for (2, 2), "2×1" for (2, 1)."""
    if isinstance(size, int):
        return str(size)
    return str(size[0]) if len(set(size)) == 1 else "×".join(str(one) for one in size)
