"""Multiplying and shifting by learned or fixed numbers, and tensors that are learned by themselves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("LayerScale")
class LayerScale(Layer):
    """Multiplies every channel by a factor of its own that is learned and starts close to zero.

    At the end of a residual branch it lets a deep network begin as its shortcuts alone and take each branch in as it
    becomes useful (Touvron et al. 2021; ConvNeXt). Parameters: C.
    """

    label: ClassVar[str] = "LayerScale"
    category: ClassVar[Category] = "normalisation"
    icon: ClassVar[str] = "scale"
    keywords: ClassVar[tuple[str, ...]] = ("gamma", "convnext", "residual", "gain")

    init: float = Field(1e-6, ge=-1000, le=1000, description="Factor to start with.")
    dim: int = Field(1, ge=-1, le=5, description="Dimension of the channels; −1 is the last, as in transformers.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.scales import LayerScale as Module

        rank = len(input_shapes[0])
        if self.dim == 0 or self.dim > rank:
            raise BadInput(
                f"LayerScale is to scale dimension {self.dim}, but its input has the dimensions 1 to {rank}.",
                "Set dim to 1 for pictures, or to −1 for sequences of tokens.",
            )
        return Module(input_shapes[0][self.dim - 1 if self.dim > 0 else -1], self.init, self.dim)

    def formula(self, *input_shapes: Shape) -> str:
        width = input_shapes[0][self.dim - 1 if self.dim > 0 else -1]
        return f"parameters = {width:,}"


@register("ScaleShift")
class ScaleShift(Layer):
    """Multiplies every value by a fixed number and adds another: scale·x + shift. Nothing is learned.

    Networks use it to bring pictures into the range that they were trained on, or to weaken a branch.
    """

    label: ClassVar[str] = "ScaleShift"
    category: ClassVar[Category] = "merge"
    icon: ClassVar[str] = "shift"
    keywords: ClassVar[tuple[str, ...]] = ("constant", "factor", "offset", "affine", "multiply", "normalise")

    scale: float = Field(1.0, ge=-1e12, le=1e12, description="Factor.")
    shift: float = Field(0.0, ge=-1e12, le=1e12, description="Added after multiplying.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.scales import ScaleShift as Module

        return Module(self.scale, self.shift)

    def summary(self) -> str:
        return f"{self.scale:.4g}·x" + (f" {self.shift:+.4g}" if self.shift else "")


@register("LearnedTensor")
class LearnedTensor(Layer):
    """A tensor that does not depend on the picture: it is learned like a weight, or keeps the values it came with.

    Its input only says how many pictures there are. Position embeddings, class tokens and learned masks are such
    tensors; an import brings one for each that it finds.
    """

    label: ClassVar[str] = "LearnedTensor"
    category: ClassVar[Category] = "input"
    icon: ClassVar[str] = "token"
    keywords: ClassVar[tuple[str, ...]] = ("parameter", "constant", "buffer", "embedding", "token", "free")

    shape: tuple[Annotated[int, Field(ge=1, le=1_000_000)], ...] = Field(
        (16,), min_length=1, max_length=5, description="Its sizes, without the batch."
    )
    init: float = Field(0.0, ge=-1000, le=1000, description="Value to start with.")
    trained: bool = Field(True, description="Learn it; otherwise it stays as it is.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.scales import LearnedTensor as Module

        return Module(self.shape, self.init, self.trained)

    def summary(self) -> str:
        return "×".join(str(size) for size in self.shape) + (" · learned" if self.trained else " · fixed")

    def formula(self, *input_shapes: Shape) -> str:
        sizes = "·".join(str(size) for size in self.shape)
        return f"parameters = {sizes} = {math.prod(self.shape):,}" if self.trained else ""
