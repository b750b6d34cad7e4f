"""Attention: every token looks at all others and takes over what it finds useful."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


def token_shape(layer: str, shape: Shape) -> tuple[int, int]:
    """(tokens, width), or `BadInput` when the input is not a sequence of vectors."""
    if len(shape) != 2:
        advice = (
            "Insert a PatchEmbedding before it, or a Flatten from dimension 2 and a Transpose."
            if len(shape) == 3
            else "Insert a Reshape that gives two sizes, tokens × width."
        )
        raise BadInput(f"{layer} expects a sequence (tokens × width) but gets {shown(shape)}.", advice)
    return shape[0], shape[1]


class _Attention(Layer):
    category: ClassVar[Category] = "attention"

    num_heads: Count = Field(4, description="Number of attentions side by side; it has to divide the width.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the attention weights that is dropped in training.")
    bias: bool = Field(True, description="Add trainable numbers to the projections.")
    need_weights: bool = Field(False, description="Give the attention weights as well, averaged over the heads.")

    def output_ports(self) -> tuple[str, ...]:
        return ("out", "weights") if self.need_weights else ("out",)

    def _build(self, query: Shape, key: Shape, value: Shape) -> nn.Module:
        from engine.modules.attention import MultiHeadAttention as Module

        _, width = token_shape(self.label, query)
        count, key_width = token_shape(self.label, key)
        value_count, value_width = token_shape(self.label, value)
        if count != value_count:
            raise BadInput(
                f"{self.label} gets {count} keys and {value_count} values, but each key needs its value.",
                "Connect key and value to the same sequence.",
            )
        if width % self.num_heads:
            raise BadInput(
                f"{self.label} cannot share a width of {width} among {self.num_heads} heads.",
                "Choose a number of heads that divides the width.",
            )
        return Module(
            width,
            self.num_heads,
            self.dropout,
            self.bias,
            kdim=None if key_width == width else key_width,
            vdim=None if value_width == width else value_width,
            need_weights=self.need_weights,
        )

    def summary(self) -> str:
        return f"{self.num_heads} heads" + (f" · dropout {self.dropout:g}" if self.dropout else "")

    def formula(self, *input_shapes: Shape) -> str:
        width = input_shapes[0][-1]
        rest = [shape[-1] for shape in (*input_shapes, *input_shapes, *input_shapes)][1:3]
        weights = width * (width + sum(rest) + width)
        bias = 4 * width if self.bias else 0
        lines = [
            "attention = softmax(Q·Kᵀ/√d)·V",
            f"d = {width}/{self.num_heads} = {width // self.num_heads}",
            f"parameters = {width}·({width} + {rest[0]} + {rest[1]} + {width})"
            + (f" + 4·{width}" if bias else "")
            + f" = {weights + bias:,}",
        ]
        return "\n".join(lines)


@register("MultiHeadAttention")
class MultiHeadAttention(_Attention):
    """Lets every query take a weighted mean of the values, with weights by how well it matches their keys.

    softmax(Q·Kᵀ/√d)·V, done by several heads that each look for something else (Vaswani et al. 2017). With query, key
    and value from the same sequence it is self-attention; with the query from another one it is cross-attention, as
    when DETR's object queries look at the picture. It knows nothing of order: add a PositionalEmbedding.
    """

    label: ClassVar[str] = "MultiHeadAttention"
    keywords: ClassVar[tuple[str, ...]] = ("transformer", "cross attention", "self attention", "mha", "detr", "vit")
    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")

    def build(self, *input_shapes: Shape) -> nn.Module:
        return self._build(*input_shapes)


@register("SelfAttention")
class SelfAttention(_Attention):
    """Lets every token of a sequence look at all others: multi-head attention whose query, key and value are one.

    softmax(Q·Kᵀ/√d)·V with Q, K and V projected from the same tokens. Its cost grows with the square of their number.
    """

    label: ClassVar[str] = "SelfAttention"
    keywords: ClassVar[tuple[str, ...]] = ("transformer", "multi-head attention", "mha", "vit")

    def build(self, *input_shapes: Shape) -> nn.Module:
        return self._build(input_shapes[0], input_shapes[0], input_shapes[0])
