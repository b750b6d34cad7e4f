"""Single steps of recurrent layers, to draw a recurrence step by step with shared weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Cell(Layer):
    category: ClassVar[Category] = "recurrent"
    icon: ClassVar[str] = "recurrent_cell"
    inputs: ClassVar[tuple[str, ...]] = ("in", "hidden")
    gates: ClassVar[int]

    bias: bool = Field(True, description="Add trainable numbers, two per state value and gate.")

    def _check(self, *shapes: Shape) -> None:
        if any(len(shape) != 1 for shape in shapes):
            given = " and ".join(shown(shape) for shape in shapes)
            raise BadInput(
                f"{self.label} works on one step, so on vectors, but gets {given}.",
                "Take one step of the sequence with Select, or use the layer without Cell for whole sequences.",
            )
        if len(set(shapes[1:])) > 1:
            raise BadInput(
                f"{self.label} gets a hidden state of {shown(shapes[1])} but a cell state of {shown(shapes[2])}.",
                "Make both equally long.",
            )

    def formula(self, *input_shapes: Shape) -> str:
        width, hidden = input_shapes[0][0], input_shapes[1][0]
        bias = 2 if self.bias else 0
        count = self.gates * hidden * (width + hidden + bias)
        front = f"{self.gates}·{hidden}" if self.gates > 1 else str(hidden)
        return f"parameters = {front}·({width} + {hidden}{' + 2' if bias else ''}) = {count:,}"


@register("RNNCell")
class RNNCell(_Cell):
    """One step of a recurrent layer: h = tanh(W·x + b + U·h₋ + c) from an input and the state before.

    Draw one per step and let the later ones share the first one's weights, and the recurrence lies unrolled before you.
    """

    label: ClassVar[str] = "RNNCell"
    gates: ClassVar[int] = 1
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "step", "unrolled", "elman")

    nonlinearity: Literal["tanh", "relu"] = Field("tanh", description="What the new state goes through.")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(*input_shapes)
        return nn.RNNCell(input_shapes[0][0], input_shapes[1][0], self.bias, self.nonlinearity)


@register("LSTMCell")
class LSTMCell(_Cell):
    """One step of an LSTM: from an input, the hidden and the cell state before come the new hidden and cell state.

    i, f, o = σ(W·x + U·h₋ + b); c = f·c₋ + i·tanh(W·x + U·h₋ + b); h = o·tanh(c).
    """

    label: ClassVar[str] = "LSTMCell"
    gates: ClassVar[int] = 4
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "step", "unrolled", "long short-term memory")
    inputs: ClassVar[tuple[str, ...]] = ("in", "hidden", "cell")
    outputs: ClassVar[tuple[str, ...]] = ("hidden", "cell")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from engine.modules.recurrent_cell import LSTMCell as Module

        self._check(*input_shapes)
        return Module(input_shapes[0][0], input_shapes[1][0], self.bias)


@register("GRUCell")
class GRUCell(_Cell):
    """One step of a GRU: from an input and the state before comes the new state.

    r, z = σ(W·x + U·h₋ + b); n = tanh(W·x + b + r·(U·h₋ + c)); h = (1 − z)·n + z·h₋.
    """

    label: ClassVar[str] = "GRUCell"
    gates: ClassVar[int] = 3
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "step", "unrolled", "gated recurrent unit")

    def build(self, *input_shapes: Shape) -> nn.Module:
        from torch import nn

        self._check(*input_shapes)
        return nn.GRUCell(input_shapes[0][0], input_shapes[1][0], self.bias)
