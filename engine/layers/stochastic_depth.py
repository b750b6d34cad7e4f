"""Stochastic depth: leaving out whole branches while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("StochasticDepth")
class StochasticDepth(Layer):
    """Leaves a whole branch out with probability p while training, so that only the shortcut beside it remains.

    It stands before the addition of a residual block. A very deep network is then shorter in each step of its training,
    learns faster and depends less on any one block (Huang et al. 2016). What stays is scaled by 1/(1 − p); nothing
    happens at test time.
    """

    label: ClassVar[str] = "StochasticDepth"
    category: ClassVar[Category] = "regularisation"
    icon: ClassVar[str] = "drop_path"
    keywords: ClassVar[tuple[str, ...]] = ("drop path", "droppath", "residual", "efficientnet")

    p: float = Field(0.2, ge=0, lt=1, description="Chance that the branch is left out.")
    mode: Literal["row", "batch"] = Field("row", description="Draw for each picture, or once for the whole batch.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.stochastic_depth import StochasticDepth as Module

        return Module(self.p, self.mode)

    def summary(self) -> str:
        return f"p {self.p:g}"
