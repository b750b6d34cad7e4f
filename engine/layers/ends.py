"""Where a network begins and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.layers.base import Category, Layer, register

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


# Channels inside a wide block can be more than a picture is ever high.
Length = Annotated[int, Field(ge=1, le=65_536)]


@register("Input")
class Input(Layer):
    """The picture that comes in, as channels × height × width.

    A grey picture has one channel, a colour picture three (red, green, blue). Every size further down follows from
    this one. The batch is not part of the shape: the same network takes one picture or a hundred at a time.
    """

    label: ClassVar[str] = "Input"
    category: ClassVar[Category] = "input"
    keywords: ClassVar[tuple[str, ...]] = ("image", "picture", "source", "start")
    inputs: ClassVar[tuple[str, ...]] = ()

    shape: tuple[Length, ...] = Field(
        (1, 32, 32), min_length=1, max_length=5, description="Channels, height and width, without the batch."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return nn.Identity()

    def summary(self) -> str:
        return "×".join(str(size) for size in self.shape)


@register("Output")
class Output(Layer):
    """What the network answers. For classification these are the logits, one raw score per class.

    Do not put a softmax before it: the cross-entropy loss applies the (log-)softmax itself, which is more exact,
    and the live view turns logits into probabilities.
    """

    label: ClassVar[str] = "Output"
    category: ClassVar[Category] = "input"
    icon: ClassVar[str] = "output"
    keywords: ClassVar[tuple[str, ...]] = ("result", "answer", "logits", "end")
    outputs: ClassVar[tuple[str, ...]] = ()

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        return nn.Identity()
