"""Attention without weights of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("DotProductAttention")
class DotProductAttention(Layer):
    """The heart of attention, with nothing to learn: each query takes the mean of the values whose keys resemble it.

    softmax(Q·Kᵀ/√d)·V (Vaswani et al. 2017). Linear layers before it make queries, keys and values; MultiHeadAttention
    has them built in. Heads stand before the tokens: heads × tokens × width.
    """

    label: ClassVar[str] = "DotProductAttention"
    category: ClassVar[Category] = "attention"
    keywords: ClassVar[tuple[str, ...]] = ("scaled dot product", "transformer", "sdpa")
    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")

    scale: float | None = Field(None, gt=0, le=1e6, description="Factor on the scores; empty means 1/√d.")
    causal: bool = Field(False, description="Let a place see only itself and what comes before it.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the attention weights that is dropped in training.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.dot_product_attention import DotProductAttention as Module

        query, key, value = input_shapes
        alike = len(query) == len(key) == len(value) >= 2 and query[:-2] == key[:-2] == value[:-2]
        if not alike or query[-1] != key[-1] or key[-2] != value[-2]:
            raise BadInput(
                f"DotProductAttention cannot compare queries {shown(query)} with keys {shown(key)} for values "
                f"{shown(value)}.",
                "Queries and keys need one width, and each key its value.",
            )
        return Module(self.scale, self.causal, self.dropout)

    def summary(self) -> str:
        return "causal" if self.causal else ""

    def formula(self, *input_shapes: Shape) -> str:
        return f"softmax(Q·Kᵀ/√{input_shapes[0][-1]})·V"
