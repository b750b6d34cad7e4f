"""The registry of ONNX operators, and what a rule is given. To support an operator, add a rule to a file here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch

from engine.importing.rules.base import At
from engine.importing.sketch import BATCH, Free, Sizes, Unsupported, Wire

Rule = Callable[..., Any]
R = TypeVar("R", bound=Rule)

OPERATORS: dict[str, Rule] = {}


@dataclass(frozen=True)
class Node(At):
    """One operator of a graph, for a rule: where it draws, and its attributes with Python's values.

    Attributes:
        type: the operator.
        outputs: how many results it has.
        opset: version of the operator set, since some attributes became inputs.
        bias: what an Add right behind adds, for a matrix product that takes it in.
    """

    type: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 1
    opset: int = 20
    bias: Free | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default of the standard."""
        return self.attributes.get(name, default)

    def refuse(self, why: str) -> Unsupported:
        return Unsupported(f"{self.type} ({self.path}) {why}")


def operator(*types: str) -> Callable[[R], R]:
    """Decorator: this is what these operators mean. The rule is given the node and its inputs."""

    def file(rule: R) -> R:
        for type in types:
            if type in OPERATORS:
                raise ValueError(f"two rules for {type}")
            OPERATORS[type] = rule
        return rule

    return file


def load() -> None:
    """Import every file of rules."""
    package = importlib.import_module("engine.importing.onnx_operators")
    for info in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"engine.importing.onnx_operators.{info.name}")


def numbers(node: Node, value: Any, what: str) -> list[Any]:
    """A list of numbers that is there before any picture comes; BATCH where it asks for the number of pictures."""
    if isinstance(value, Free) and not value.value.is_floating_point():
        return list(value.value.reshape(-1).tolist())
    if isinstance(value, Free):
        return [float(one) for one in value.value.reshape(-1)]
    if isinstance(value, Sizes | list | tuple):
        return list(value)
    if isinstance(value, int | float) or value is BATCH:
        return [value]
    raise node.refuse(f"whose {what} is computed from the picture")


def given(node: Node, name: str, value: Any) -> list[Any] | None:
    """Numbers that newer versions give as an input and older ones as an attribute."""
    if value is not None:
        return numbers(node, value, name)
    held = node.get(name)
    return None if held is None else list(held)


def wire(node: Node, value: Any) -> Wire:
    """A feature map, or `Unsupported`."""
    if not isinstance(value, Wire):
        raise node.refuse("of what is no feature map")
    return value


def weight(node: Node, value: Any) -> Free:
    """A weight, or `Unsupported`."""
    if not isinstance(value, Free):
        raise node.refuse("whose weight is computed")
    return Free(value.key, value.value.float() if value.value.is_floating_point() else value.value, True)


def turned(free: Free, change: Callable[[torch.Tensor], torch.Tensor]) -> Free:
    """A weight in another arrangement."""
    return Free(free.key, change(free.value).contiguous(), free.trained)
