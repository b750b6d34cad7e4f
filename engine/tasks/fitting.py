"""Whether a network has the inputs and outputs that a task wants, said in the same words by all tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from engine.errors import BadInput

if TYPE_CHECKING:
    from engine.graph.spec import Shape


def written(shape: Shape) -> str:
    """A shape as a person reads it: 3×32×32."""
    return "×".join(map(str, shape))


def require_inputs(inputs: Mapping[str, Shape], wanted: Sequence[Shape]) -> None:
    """Raise `BadInput` unless the network has exactly these Inputs; the error names the first that is other."""
    if len(inputs) != len(wanted):
        one = "exactly one Input" if len(wanted) == 1 else f"exactly {len(wanted)} Inputs"
        raise BadInput(
            f"The network has {len(inputs)} input{'' if len(inputs) == 1 else 's'} ({names(inputs)}).",
            f"Draw {one} for this task.",
        )
    for (id, shape), expected in zip(inputs.items(), wanted, strict=True):
        if tuple(shape) == tuple(expected):
            continue
        pictures = len(expected) == 3
        theirs, ours = written(expected), written(shape)
        change = f", or the picture size on the Data page to {ours}" if pictures else ""
        raise BadInput(
            f"The {'pictures are' if pictures else 'data is'} {theirs} and the network's input {id!r} takes {ours}.",
            f"Set the input's shape to {theirs}{change}.",
            node=id,
        )


def require_outputs(outputs: Mapping[str, Shape], count: int) -> None:
    """Raise `BadInput` unless the network has this many Outputs."""
    if len(outputs) != count:
        raise BadInput(
            f"The network has {len(outputs)} output{'' if len(outputs) == 1 else 's'} ({names(outputs)}).",
            "Draw exactly one Output for this task." if count == 1 else f"Draw exactly {count} Outputs for this task.",
        )


def names(ends: Mapping[str, Shape], most: int = 3) -> str:
    """The first few ids."""
    return ", ".join(list(ends)[:most]) + (", …" if len(ends) > most else "")
