"""Several ONNX operators that are one layer: a matrix product and its bias, and a GELU written out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.importing.sketch import Free


@dataclass(frozen=True)
class Pattern:
    """Operators that are taken over together, at the last of them.

    Attributes:
        inputs: the values that the whole takes.
        last: name of the value that the whole gives.
    """

    type: str
    inputs: tuple[str, ...]
    last: str

    def ends_in(self, node: Any) -> bool:
        return self.last in node.output


def find_patterns(graph: Any, weights: Mapping[str, Any]) -> dict[str, Pattern]:
    """The pattern that each operator belongs to, by the name of its first result."""
    users: dict[str, list[Any]] = {}
    makers: dict[str, Any] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
        makers.update(dict.fromkeys(node.output, node))
    kept = {value.name for value in graph.output}
    constants = {name: free.value for name, free in weights.items() if isinstance(free, Free)}
    constants.update(_constants(graph))
    found: dict[str, Pattern] = {}
    for node in graph.node:
        if node.op_type == "MatMul":
            _with_bias(node, users, kept, constants, found)
        elif node.op_type == "Erf":
            _gelu(node, users, makers, kept, constants, found)
    return found


def _constants(graph: Any) -> dict[str, Any]:
    from engine.importing.onnx_tensors import attribute_value

    return {
        node.output[0]: attribute_value(node.attribute[0])
        for node in graph.node
        if node.op_type == "Constant" and node.output and len(node.attribute) == 1 and node.attribute[0].name == "value"
    }


def _with_bias(
    node: Any, users: Mapping[str, list[Any]], kept: set[str], constants: Mapping[str, Any], found: dict[str, Pattern]
) -> None:
    """MatMul and the Add of a vector right behind it."""
    after = users.get(node.output[0], [])
    if len(after) != 1 or after[0].op_type != "Add" or node.output[0] in kept or len(node.input) != 2:
        return
    matrix = constants.get(node.input[1])
    bias = next((name for name in after[0].input if name != node.output[0]), "")
    vector = constants.get(bias)
    if matrix is None or vector is None or matrix.ndim != 2 or tuple(vector.shape) != (matrix.shape[1],):
        return
    pattern = Pattern("MatMul", (node.input[0], node.input[1], bias), after[0].output[0])
    found[node.output[0]] = found[after[0].output[0]] = pattern


def _gelu(
    node: Any,
    users: Mapping[str, list[Any]],
    makers: Mapping[str, Any],
    kept: set[str],
    constants: Mapping[str, Any],
    found: dict[str, Pattern],
) -> None:
    """x · (1 + erf(x/√2)) / 2, in the orders in which exporters write it."""
    scaled = makers.get(node.input[0])
    if scaled is None or scaled.op_type not in ("Div", "Mul"):
        return
    source = next((name for name in scaled.input if name not in constants), "")
    factor = _single(scaled, constants)
    wanted = math.sqrt(2) if scaled.op_type == "Div" else math.sqrt(0.5)
    if factor is None or not math.isclose(factor, wanted, rel_tol=1e-5):
        return
    chain, halves, products = [scaled, node], 0, 0
    at = node
    seen_one = False
    while not (seen_one and halves == 1 and products == 1):
        after = users.get(at.output[0], [])
        if len(after) != 1 or at.output[0] in kept:
            return
        at = after[0]
        number = _single(at, constants)
        if at.op_type == "Add" and number == 1 and not seen_one:
            seen_one = True
        elif at.op_type == "Mul" and number == 0.5 and seen_one:
            halves += 1
        elif at.op_type == "Mul" and source in at.input and seen_one:
            products += 1
        elif at.op_type == "Mul" and seen_one and (half := _half(at, chain, source, makers, constants)) is not None:
            chain.append(half)
            products, halves = products + 1, halves + 1
        else:
            return
        chain.append(at)
    pattern = Pattern("Gelu", (source,), at.output[0])
    found.update({part.output[0]: pattern for part in chain})


def _half(at: Any, chain: list[Any], source: str, makers: Mapping[str, Any], constants: Mapping[str, Any]) -> Any:
    """The operator that makes x/2, if the product `at` takes that."""
    found = [makers[name] for name in at.input if name in makers]
    halves = (one for one in found if one not in chain and one.op_type == "Mul" and source in one.input)
    return next((one for one in halves if _single(one, constants) == 0.5), None)


def _single(node: Any, constants: Mapping[str, Any]) -> float | None:
    """The one number that an operator takes beside a value."""
    values = [constants[name] for name in node.input if name in constants]
    return float(values[0].reshape(-1)[0]) if len(values) == 1 and values[0].numel() == 1 else None
