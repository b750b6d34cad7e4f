"""Steps without weights that a person writes as an expression and not as a submodule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.export.source.calls import Call
from engine.export.source.text import Bracket, Expression, Named

Write = Callable[[Mapping[str, Any], Sequence[str]], Expression]


def _flatten(values: Mapping[str, Any], operands: Sequence[str]) -> str:
    return f"torch.flatten({operands[0]}, {values['start_dim']})"


def _concatenate(values: Mapping[str, Any], operands: Sequence[str]) -> Expression:
    parts = Bracket("[", tuple(operands), "]", literal=True)
    return Bracket("torch.cat(", (parts, Named("dim", str(values["dim"]))))


def _reshape(values: Mapping[str, Any], operands: Sequence[str]) -> str:
    sizes = ", ".join(str(size) for size in values["shape"])
    return f"{operands[0]}.reshape({operands[0]}.shape[0], {sizes})"


def _method(name: str, *arguments: str) -> Write:
    """A method of the tensor, called with some of the module's arguments; tuples are spread."""

    def write(values: Mapping[str, Any], operands: Sequence[str]) -> str:
        parts: list[object] = []
        for argument in arguments:
            value = values[argument]
            parts += value if isinstance(value, tuple) else [value]
        return f"{operands[0]}.{name}({', '.join(map(str, parts))})"

    return write


_WRITTEN: Mapping[str, Write] = {
    "Add": lambda values, operands: " + ".join(operands),
    "Multiply": lambda values, operands: " * ".join(operands),
    "Concatenate": _concatenate,
    "Reshape": _reshape,
    "Permute": lambda values, operands: f"{operands[0]}.permute({', '.join(map(str, (0, *values['dims'])))})",
    "Transpose": _method("transpose", "dim0", "dim1"),
    "Squeeze": _method("squeeze", "dim"),
    "Unsqueeze": _method("unsqueeze", "dim"),
    "Select": _method("select", "dim", "index"),
    "Chunk": _method("chunk", "chunks", "dim"),
    "Split": lambda values, operands: f"{operands[0]}.split({list(values['sizes'])}, {values['dim']})",
    "nn.Flatten": _flatten,
    "nn.Identity": lambda values, operands: operands[0],
}
OPERATORS = ("Add", "Multiply")
"""Those that need brackets around them inside another operator."""
MODULES_TOO = ("nn.Flatten", "nn.Identity")
"""Those that can also stand in an `nn.Sequential`."""


def is_operation(call: Call) -> bool:
    """Whether `write` knows the call."""
    if call.callee == "nn.Flatten":
        return _values(call)["end_dim"] == -1
    return call.callee in _WRITTEN and (call.own is not None or call.callee.startswith("nn."))


def write(call: Call, operands: Sequence[str]) -> Expression:
    """The expression for an operation on these operands."""
    return _WRITTEN[call.callee](_values(call), operands)


def _values(call: Call) -> dict[str, Any]:
    return {argument.name: argument.value for argument in call.arguments}
