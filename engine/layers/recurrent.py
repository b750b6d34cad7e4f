"""Recurrent layers: they read a sequence step by step and carry a state along."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from engine.errors import BadInput
from engine.layers.base import Category, Layer, register
from engine.layers.fields import Count
from engine.layers.windows import shown

if TYPE_CHECKING:
    from torch import nn

    from engine.graph.spec import Shape


class _Recurrent(Layer):
    category: ClassVar[Category] = "recurrent"
    gates: ClassVar[int]
    equations: ClassVar[str]

    hidden_size: Count = Field(64, description="Number of values in the state, H.")
    num_layers: int = Field(1, ge=1, le=100, description="Layers on top of each other; each reads the states below.")
    bidirectional: bool = Field(False, description="Read the sequence backwards as well, and join both states.")
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of the values dropped between stacked layers.")
    bias: bool = Field(True, description="Add trainable numbers, two per state value and gate.")
    output: Literal["all", "last"] = Field(
        "all", description="The state at every step, or the one after the last step."
    )

    def build(self, *input_shapes: Shape) -> nn.Module:
        import engine.modules.recurrent

        shape = input_shapes[0]
        if len(shape) != 2:
            raise BadInput(
                f"{self.label} expects a sequence (steps × features) but gets {shown(shape)}.",
                "Insert a Reshape that gives two sizes, or a Flatten from dimension 2 and a Transpose.",
            )
        if self.dropout and self.num_layers == 1:
            raise BadInput(
                f"{self.label} has dropout {self.dropout:g} but a single layer, and dropout acts between layers.",
                "Set the dropout to 0, or stack more layers.",
            )
        arguments = self.model_dump()
        return getattr(engine.modules.recurrent, self.label)(shape[1], **arguments)

    def summary(self) -> str:
        parts = [f"state {self.hidden_size}"]
        if self.num_layers > 1:
            parts.append(f"{self.num_layers} layers")
        if self.bidirectional:
            parts.append("both directions")
        return " · ".join([*parts, "every step" if self.output == "all" else "last step"])

    def formula(self, *input_shapes: Shape) -> str:
        width, hidden, ways = input_shapes[0][1], self.hidden_size, 1 + self.bidirectional
        bias = 2 if self.bias else 0
        lines, total = [], 0
        for layer in range(self.num_layers):
            into = width if layer == 0 else hidden * ways
            count = ways * self.gates * hidden * (into + hidden + bias)
            if layer < 2:
                front = "·".join(str(one) for one in (ways, self.gates, hidden) if one != 1)
                end = f" + {bias}" if bias else ""
                name = f"layer {layer + 1}: " if self.num_layers > 1 else "parameters = "
                lines.append(f"{name}{front}·({into} + {hidden}{end}) = {count:,}")
            total += count
        if self.num_layers > 1:
            lines.append(f"parameters = {total:,}")
        return "\n".join([self.equations, *lines])


@register("RNN")
class RNN(_Recurrent):
    """Reads a sequence step by step; its state is a mix of what it reads and its state before.

    h = tanh(W·x + b + U·h₋ + c), with the same weights at every step. The gradient goes back through every step (back
    propagation through time) and shrinks or grows on the way, so it forgets after some ten steps; LSTM and GRU do not.
    With output "last" both directions give the state after their last step.
    """

    label: ClassVar[str] = "RNN"
    gates: ClassVar[int] = 1
    equations: ClassVar[str] = "h = tanh(W·x + b + U·h₋ + c)"
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "vanilla", "elman", "sequence", "bidirectional", "time series")

    nonlinearity: Literal["tanh", "relu"] = Field("tanh", description="What the state goes through at every step.")

    def formula(self, *input_shapes: Shape) -> str:
        text = super().formula(*input_shapes)
        return text.replace("tanh(", "max(0, ", 1) if self.nonlinearity == "relu" else text


@register("LSTM")
class LSTM(_Recurrent):
    """A recurrent layer with a memory that gates write, keep and read, so it remembers over hundreds of steps.

    Gates i (write), f (keep), o (read) = σ(W·x + U·h₋ + b); c = f·c₋ + i·tanh(W·x + U·h₋ + b); h = o·tanh(c)
    (Hochreiter and Schmidhuber 1997; the gate f, which forgets, is of Gers et al. 2000). The memory c is only
    multiplied by f, so its gradient does not fade away.
    """

    label: ClassVar[str] = "LSTM"
    gates: ClassVar[int] = 4
    equations: ClassVar[str] = "i, f, o = σ(W·x + U·h₋ + b)\nc = f·c₋ + i·tanh(W·x + U·h₋ + b)\nh = o·tanh(c)"
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "long short-term memory", "sequence", "bidirectional", "gates")


@register("GRU")
class GRU(_Recurrent):
    """A recurrent layer with two gates: nearly as good a memory as an LSTM with three quarters of its weights.

    r (reset), z (update) = σ(W·x + U·h₋ + b); n = tanh(W·x + b + r·(U·h₋ + c)); h = (1 − z)·n + z·h₋ (Cho et al. 2014).
    """

    label: ClassVar[str] = "GRU"
    gates: ClassVar[int] = 3
    equations: ClassVar[str] = "r, z = σ(W·x + U·h₋ + b)\nn = tanh(W·x + b + r·(U·h₋ + c))\nh = (1 − z)·n + z·h₋"
    keywords: ClassVar[tuple[str, ...]] = ("recurrent", "gated recurrent unit", "sequence", "bidirectional", "gates")
