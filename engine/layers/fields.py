"""Kinds of parameter that several layers share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Extent = Annotated[int, Field(ge=1, le=4096)]
Margin = Annotated[int, Field(ge=0, le=4096)]
Size2d = Extent | tuple[Extent, Extent]
Margin2d = Margin | tuple[Margin, Margin]
ConvPadding = Literal["valid", "same", "full"] | Margin | tuple[Margin, Margin]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a size that may be given as one number."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def times(size: int | tuple[int, int]) -> str:
    """A size as people write it, such as "5×5"."""
    height, width = pair(size)
    return f"{height}×{width}"
