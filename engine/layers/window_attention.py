"""Attention within windows of a picture, and what it needs: cutting, joining, merging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count, Extent, Size2d, pair, times
from engine.layers.windows import picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape

_Places = Annotated[int, Field(ge=0, le=4096)]


class _Windowed(Layer):
    category: ClassVar[Category] = "attention"

    def _check(self, shape: Shape, sizes: int, form: str) -> None:
        if len(shape) != sizes:
            raise BadInput(
                f"{self.label} expects {form} but gets {shown(shape)}.",
                "Insert a Permute that puts the channels last, or a WindowPartition.",
            )

    def _check_heads(self, width: int, heads: int) -> None:
        if width % heads:
            raise BadInput(
                f"{self.label} cannot share a width of {width} among {heads} heads.",
                "Choose a number of heads that divides the width.",
            )


@register("ShiftedWindowAttention")
class ShiftedWindowAttention(_Windowed):
    """Self-attention within small windows, whose grid every second layer shifts, so that neighbours meet.

    Attention over a whole picture costs the square of its pixels; within windows it grows only with their number (Liu
    et al., Swin Transformer, 2021). Each distance between two places has a learned bias. Takes height × width ×
    channels. With "cosine" it is that of Swin V2, which stays stable in large networks.
    """

    label: ClassVar[str] = "ShiftedWindowAttention"
    keywords: ClassVar[tuple[str, ...]] = ("swin", "transformer", "local attention", "w-msa")

    num_heads: Count = Field(4, description="Number of attentions side by side; it has to divide the width.")
    window_size: Size2d = Field(7, description="Height and width of a window, in places.")
    shift: _Places | tuple[_Places, _Places] = Field(0, description="How far the grid of windows is moved.")
    similarity: Literal["product", "cosine"] = Field("product", description="How two places are compared.")
    attention_dropout: float = Field(0.0, ge=0, lt=1, description="Share of the attention weights dropped in training.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the results dropped in training.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.window_attention import ShiftedWindowAttention as Module

        self._check(input_shapes[0], 3, "height × width × channels")
        width = input_shapes[0][-1]
        self._check_heads(width, self.num_heads)
        shift, window = pair(self.shift), pair(self.window_size)
        if any(moved >= size for moved, size in zip(shift, window, strict=True)):
            raise BadInput(
                f"ShiftedWindowAttention moves windows of {times(window)} by {times(shift)}.",
                "Choose a shift below the window's size; half of it is usual.",
            )
        return Module(width, self.num_heads, window, shift, self.similarity, self.attention_dropout, self.dropout)

    def summary(self) -> str:
        moved = f" · shifted by {times(self.shift)}" if max(pair(self.shift)) else ""
        return f"{self.num_heads} heads · {times(self.window_size)} windows{moved}"


@register("RelativeAttention")
class RelativeAttention(_Windowed):
    """Self-attention in each window, with a learned bias for every distance between two of its places.

    MaxViT uses it twice in turn: within windows, and within grids of pixels that lie far apart, so that two layers see
    the whole picture (Tu et al. 2022). Takes windows × places × channels, as WindowPartition gives them.
    """

    label: ClassVar[str] = "RelativeAttention"
    keywords: ClassVar[tuple[str, ...]] = ("maxvit", "grid attention", "window", "transformer")

    num_heads: Count = Field(4, description="Number of attentions side by side; it has to divide the width.")
    window_size: Extent = Field(4, description="Height and width of a window; its square is the number of places.")
    scale: float | None = Field(
        None, gt=0, le=1e6, description="Factor on the scores; empty means 1/√(width of a head)."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.window_attention import RelativeAttention as Module

        shape = input_shapes[0]
        self._check(shape, 3, "windows × places × channels")
        if shape[1] != self.window_size**2:
            raise BadInput(
                f"RelativeAttention expects windows of {self.window_size}×{self.window_size} = {self.window_size**2} "
                f"places but gets {shape[1]}.",
                "Set window_size to that of the WindowPartition before it.",
            )
        self._check_heads(shape[-1], self.num_heads)
        return Module(shape[-1], self.num_heads, self.window_size, self.scale)

    def summary(self) -> str:
        return f"{self.num_heads} heads · {self.window_size}×{self.window_size}"


@register("WindowPartition")
class WindowPartition(_Windowed):
    """Cuts a picture into square windows, each a group of tokens: channels × H × W to windows × places × channels."""

    label: ClassVar[str] = "WindowPartition"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("maxvit", "swin", "window", "tokens")

    window_size: Extent = Field(4, description="Height and width of a window; it has to divide the picture.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.window_parts import WindowPartition as Module

        _, height, width = picture_shape(self.label, input_shapes[0])
        if height % self.window_size or width % self.window_size:
            raise BadInput(
                f"WindowPartition cannot cut {height}×{width} into windows of {self.window_size}×{self.window_size}.",
                "Choose a window size that divides the height and the width.",
            )
        return Module(self.window_size)

    def summary(self) -> str:
        return f"{self.window_size}×{self.window_size}"


@register("WindowMerge")
class WindowMerge(_Windowed):
    """Puts windows together as a picture: windows × places × channels to channels × H × W, undoing WindowPartition."""

    label: ClassVar[str] = "WindowMerge"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("maxvit", "window", "departition", "reverse")

    window_size: Extent = Field(4, description="Height and width of a window.")
    rows: Count = Field(4, description="How many rows of windows the picture has.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.window_parts import WindowMerge as Module

        shape = input_shapes[0]
        self._check(shape, 3, "windows × places × channels")
        if shape[1] != self.window_size**2 or shape[0] % self.rows:
            raise BadInput(
                f"WindowMerge cannot lay {shape[0]} windows of {shape[1]} places in {self.rows} rows of "
                f"{self.window_size}×{self.window_size}.",
                "Use the window size of the WindowPartition, and the rows of windows that it made.",
            )
        return Module(self.window_size, self.rows)

    def summary(self) -> str:
        return f"{self.rows} rows of {self.window_size}×{self.window_size}"


@register("PatchMerging")
class PatchMerging(_Windowed):
    """Joins every 2×2 pixels to one with four times the channels: half the size, nothing lost. Takes channels last.

    A Linear layer after it halves the channels again. Swin's way of pooling (Liu et al. 2021).
    """

    label: ClassVar[str] = "PatchMerging"
    category: ClassVar[Category] = "shape"
    keywords: ClassVar[tuple[str, ...]] = ("swin", "space to depth", "downsample", "patches")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.window_parts import PatchMerging as Module

        self._check(input_shapes[0], 3, "height × width × channels")
        return Module()
