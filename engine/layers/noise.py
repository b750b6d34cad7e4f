"""Noise that is added in training only."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("Noise")
class Noise(Layer):
    """Spoils its input while training: with Gaussian noise, or by setting values to zero, or to the extremes.

    A denoising autoencoder learns what is under the noise, and so what its pictures are like (Vincent et al. 2008).
    In front of a classifier it keeps it from trusting single pixels. Nothing happens at test time.
    """

    label: ClassVar[str] = "Noise"
    category: ClassVar[Category] = "regularisation"
    keywords: ClassVar[tuple[str, ...]] = ("gaussian noise", "masking", "salt and pepper", "denoising", "corrupt")

    kind: Literal["gaussian", "masking", "salt and pepper"] = Field(
        "gaussian",
        description="Normal noise is added, values become 0, or they become the least or the largest there is.",
    )
    amount: float = Field(
        0.1, ge=0, le=1, description="Standard deviation of the Gaussian noise, or the share of the values that is hit."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.noise import Noise as Module

        return Module(self.kind, self.amount)

    def summary(self) -> str:
        return f"{self.kind} · {self.amount:g}"
