"""Adding, multiplying, comparing and reducing."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

import torch

from engine.importing.onnx_operators.base import Node, given, numbers, operator
from engine.importing.rules import arithmetic, reductions
from engine.importing.sketch import BATCH, Free, Sizes, Unsupported, Wire

_PAIRS: dict[str, tuple[Callable[..., Wire], Callable[..., Any]]] = {
    "Add": (arithmetic.add, python.add),
    "Sub": (arithmetic.subtract, python.sub),
    "Mul": (arithmetic.multiply, python.mul),
    "Div": (arithmetic.divide, python.truediv),
}
_MANY = {"Sum": "Add", "Max": "Maximum", "Min": "Minimum", "Mean": "Average"}


@operator(*_PAIRS)
def pair(node: Node, one: Any, other: Any) -> Any:
    rule, plain = _PAIRS[node.type]
    if isinstance(one, Free) and isinstance(other, Free):
        if node.type == "Div" and not one.value.is_floating_point():
            plain = python.floordiv
        return Free("", plain(one.value, other.value))
    if not isinstance(one, Wire) and not isinstance(other, Wire):
        return _sizes(node, one, other, python.floordiv if node.type == "Div" else plain)
    return rule(node, _number(one), _number(other))


def _sizes(node: Node, one: Any, other: Any, plain: Callable[..., Any]) -> Any:
    first, second = numbers(node, one, "size"), numbers(node, other, "size")
    if any(part is BATCH for part in (*first, *second)):
        raise node.refuse("of the number of pictures")
    second = second * len(first) if len(second) == 1 else second
    found = [int(plain(a, b)) for a, b in zip(first, second, strict=True)]
    return Sizes(found) if isinstance(one, Sizes) or isinstance(other, Sizes) else found[0]


def _number(value: Any) -> Any:
    """A constant of a single value as a number; other constants are weights that may be learned."""
    if isinstance(value, Free) and value.value.numel() == 1 and value.value.ndim <= 1:
        return float(value.value)
    if isinstance(value, Free) and value.key:
        return Free(value.key, value.value.float(), True, value.spread)
    return value


@operator(*_MANY)
def many(node: Node, *parts: Any) -> Wire:
    if not all(isinstance(part, Wire) for part in parts):
        raise node.refuse("with a constant")
    return parts[0] if len(parts) == 1 else node.put(_MANY[node.type], {}, *parts)


@operator("Neg")
def negate(node: Node, input: Any) -> Any:
    return Free("", -input.value) if isinstance(input, Free) else arithmetic.negate(node, input)


@operator("Sqrt", "Reciprocal", "Exp", "Abs", "Floor", "Ceil")
def function(node: Node, input: Any) -> Free:
    """Of constants only, as exporters leave them behind."""
    if not isinstance(input, Free):
        raise Unsupported(node.type)
    return Free("", getattr(torch, node.type.lower())(input.value))


@operator("ReduceMean", "ReduceSum", "ReduceMax")
def reduce(node: Node, input: Any, axes: Any = None) -> Wire:
    dims = given(node, "axes", axes)
    rule = {"ReduceMean": reductions.mean, "ReduceSum": reductions.total, "ReduceMax": reductions.largest}[node.type]
    if not isinstance(input, Wire):
        raise node.refuse("of constants")
    return rule(node, input, [int(one) for one in dims or []], bool(node.get("keepdims", 1)))
