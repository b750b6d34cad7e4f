"""From pictures to sequences of tokens, and what tokens need: a place, and company that stands for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.attention import token_shape
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count, Size2d, pair, times
from engine.layers.windows import check_fits, picture_shape, shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("PatchEmbedding")
class PatchEmbedding(Layer):
    """Cuts the picture into square patches and turns each into a vector: the words of a vision transformer.

    A convolution whose kernel and stride are the patch size, then the patches in reading order as a sequence: with
    16×16 patches a 224×224 picture becomes 196 tokens (Dosovitskiy et al. 2020). Parameters: E·(F·F·C + 1).
    """

    label: ClassVar[str] = "PatchEmbedding"
    category: ClassVar[Category] = "attention"
    icon: ClassVar[str] = "patches"
    keywords: ClassVar[tuple[str, ...]] = ("vit", "vision transformer", "patchify", "tokens")

    embed_dim: Count = Field(64, description="Width of each token.")
    patch_size: Size2d = Field(4, description="Height and width of a patch, in pixels.")
    bias: bool = Field(True, description="Add one trainable number per value of a token.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.tokens import PatchEmbedding as Module

        channels, height, width = picture_shape(self.label, input_shapes[0])
        patch = pair(self.patch_size)
        check_fits(self.label, (height, width), patch, (0, 0))
        if height % patch[0] or width % patch[1]:
            raise BadInput(
                f"PatchEmbedding cannot cut {height}×{width} into {times(self.patch_size)} patches without a rest.",
                "Choose a patch size that divides the height and the width.",
            )
        return Module(channels, self.embed_dim, self.patch_size, self.bias)

    def summary(self) -> str:
        return f"{times(self.patch_size)} patches · width {self.embed_dim}"

    def formula(self, *input_shapes: Shape) -> str:
        channels, height, width = picture_shape(self.label, input_shapes[0])
        patch = pair(self.patch_size)
        count = self.embed_dim * (patch[0] * patch[1] * channels + int(self.bias))
        tokens = (height // patch[0]) * (width // patch[1])
        bias = " + 1" if self.bias else ""
        return (
            f"tokens = {height}/{patch[0]} · {width}/{patch[1]} = {tokens:,}\n"
            f"parameters = {self.embed_dim}·({patch[0]}·{patch[1]}·{channels}{bias}) = {count:,}"
        )


@register("ClassToken")
class ClassToken(Layer):
    """Puts one learned token in front of the sequence; after the transformer it stands for the whole picture.

    It belongs to no patch, so attention can collect in it what decides the class. Read it with Select at index 0.
    """

    label: ClassVar[str] = "ClassToken"
    category: ClassVar[Category] = "attention"
    icon: ClassVar[str] = "token"
    keywords: ClassVar[tuple[str, ...]] = ("vit", "cls", "vision transformer")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.tokens import ClassToken as Module

        return Module(token_shape(self.label, input_shapes[0])[1])

    def formula(self, *input_shapes: Shape) -> str:
        count, width = token_shape(self.label, input_shapes[0])
        return f"tokens = {count} + 1 = {count + 1:,}\nparameters = {width:,}"


@register("PositionalEmbedding")
class PositionalEmbedding(Layer):
    """Adds to every token, or every pixel, a vector that says where it is; attention alone knows no order.

    Learned: one trainable vector per place (ViT). Sinusoidal: sine and cosine of the place at wavelengths from 2π to
    10,000·2π, nothing to train (Vaswani et al. 2017); for a picture half of the channels say the row and half the
    column (DETR). The shape stays.
    """

    label: ClassVar[str] = "PositionalEmbedding"
    category: ClassVar[Category] = "attention"
    icon: ClassVar[str] = "position"
    keywords: ClassVar[tuple[str, ...]] = ("position encoding", "sinusoidal", "vit", "detr", "transformer")

    kind: Literal["learned", "sinusoidal"] = Field("learned", description="Trainable vectors, or fixed sine waves.")
    output: Literal["sum", "position"] = Field(
        "sum",
        description="The input with the positions added, or the positions alone (DETR adds them to queries and keys).",
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.positions import LearnedPositions, SinusoidalPositions

        shape = input_shapes[0]
        if len(shape) not in (2, 3):
            raise BadInput(
                f"PositionalEmbedding expects tokens (tokens × width) or a picture but gets {shown(shape)}.",
                "Insert a Reshape that gives two or three sizes.",
            )
        if self.kind == "learned":
            return LearnedPositions(shape, self.output)
        width, parts = (shape[1], 2) if len(shape) == 2 else (shape[0], 4)
        if width % parts:
            raise BadInput(
                f"Sinusoidal positions need a width that {parts} divides, but it is {width}.",
                "Change the width, or use learned positions.",
            )
        return SinusoidalPositions(shape, self.output)

    def summary(self) -> str:
        return self.kind + ("" if self.output == "sum" else " · positions alone")

    def formula(self, *input_shapes: Shape) -> str:
        if self.kind != "learned":
            return "p(t, 2i) = sin(t/10000^(2i/E)), p(t, 2i + 1) = cos(t/10000^(2i/E))"
        shape, total = input_shapes[0], 1
        for size in shape:
            total *= size
        return f"parameters = {'·'.join(str(size) for size in shape)} = {total:,}"


@register("LearnedQueries")
class LearnedQueries(Layer):
    """A set of learned vectors, the same for every picture: the questions that DETR asks, one for each possible object.

    Connect anything whose batch they are to follow, usually the picture's tokens; its values do not matter. During
    training every query comes to look for objects of some place and size (Carion et al. 2020).
    """

    label: ClassVar[str] = "LearnedQueries"
    category: ClassVar[Category] = "attention"
    icon: ClassVar[str] = "queries"
    keywords: ClassVar[tuple[str, ...]] = ("detr", "object queries", "transformer")

    count: Count = Field(100, description="How many queries.")
    embed_dim: Count | None = Field(None, description="Width of each; empty means that of the incoming tokens.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.tokens import LearnedQueries as Module

        return Module(self.count, self._width(input_shapes[0]))

    def _width(self, shape: Shape) -> int:
        return self.embed_dim or shape[-1]

    def summary(self) -> str:
        return f"{self.count} queries" + (f" · width {self.embed_dim}" if self.embed_dim else "")

    def formula(self, *input_shapes: Shape) -> str:
        width = self._width(input_shapes[0])
        return f"parameters = {self.count}·{width} = {self.count * width:,}"
