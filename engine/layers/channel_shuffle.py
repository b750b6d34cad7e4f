"""Channel shuffle."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


@register("ChannelShuffle")
class ChannelShuffle(Layer):
    """Mixes the channels of several groups, as one shuffles cards: first of each group, then second of each, ...

    Grouped convolutions are cheap, but a group never sees another. After a shuffle the next group has channels of all
    of them (Zhang et al., ShuffleNet, 2017). Nothing is computed.
    """

    label: ClassVar[str] = "ChannelShuffle"
    category: ClassVar[Category] = "shape"
    icon: ClassVar[str] = "shuffle"
    keywords: ClassVar[tuple[str, ...]] = ("shufflenet", "groups", "mix")

    groups: Count = Field(2, description="Number of groups that are mixed.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        channels = input_shapes[0][0]
        if channels % self.groups:
            raise BadInput(
                f"ChannelShuffle cannot split {channels} channels into {self.groups} equal groups.",
                "Choose a number of groups that divides the channels.",
            )
        return nn.ChannelShuffle(self.groups)

    def summary(self) -> str:
        return f"{self.groups} groups"
