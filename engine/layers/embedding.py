"""From numbers that name things to vectors that describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Embedding")
class Embedding(Layer):
    """Looks up a learned vector for every number: a word, a letter or a category becomes a point in space.

    The input holds whole numbers from 0 to the size of the vocabulary less one. Things that are used alike come to lie
    near each other. It is a Linear layer on one-hot vectors without the zeros. Parameters: vocabulary · width.
    """

    label: ClassVar[str] = "Embedding"
    category: ClassVar[Category] = "dense"
    icon: ClassVar[str] = "embedding"
    keywords: ClassVar[tuple[str, ...]] = ("vocabulary", "word", "token", "look-up", "category")

    num_embeddings: Count = Field(100, description="How many things there are, numbered from 0.")
    embedding_dim: Count = Field(32, description="Width of each vector.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.embedding import Embedding as Module

        return Module(self.num_embeddings, self.embedding_dim)

    def summary(self) -> str:
        return f"{self.num_embeddings:,} things · width {self.embedding_dim}"

    def formula(self, *input_shapes: Shape) -> str:
        total = self.num_embeddings * self.embedding_dim
        return f"parameters = {self.num_embeddings}·{self.embedding_dim} = {total:,}"
