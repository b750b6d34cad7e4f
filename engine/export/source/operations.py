"""Steps without weights that a person writes as an expression and not as a submodule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.export.source.calls import Call

Write = Callable[[Mapping[str, Any], Sequence[str]], str]


def _flatten(arguments: Mapping[str, Any], operands: Sequence[str]) -> str:
    return f"torch.flatten({operands[0]}, {arguments['start_dim']})"


def _concatenate(arguments: Mapping[str, Any], operands: Sequence[str]) -> str:
    return f"torch.cat([{', '.join(operands)}], dim={arguments['dim']})"


def _reshape(arguments: Mapping[str, Any], operands: Sequence[str]) -> str:
    sizes = ", ".join(str(size) for size in arguments["shape"])
    return f"{operands[0]}.reshape({operands[0]}.shape[0], {sizes})"


_WRITTEN: Mapping[str, Write] = {
    "Add": lambda arguments, operands: " + ".join(operands),
    "Multiply": lambda arguments, operands: " * ".join(operands),
    "Concatenate": _concatenate,
    "Reshape": _reshape,
    "nn.Flatten": _flatten,
    "nn.Identity": lambda arguments, operands: operands[0],
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


def write(call: Call, operands: Sequence[str]) -> str:
    """The expression for an operation on these operands."""
    return _WRITTEN[call.callee](_values(call), operands)


def _values(call: Call) -> dict[str, Any]:
    return {argument.name: argument.value for argument in call.arguments}
