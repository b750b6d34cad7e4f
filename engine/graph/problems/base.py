"""What a checker is and what it may ask. A checker yields `Problem`s for one network or the inside of one block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.errors import BadInput
from engine.graph.level import Level, resolve
from engine.graph.results import Problem
from engine.graph.shapes import Facts, facts_of
from engine.graph.spec import NetworkSpec, NodeSpec, Shape
from engine.layers.base import LAYERS
from engine.registry import Registry


@dataclass(frozen=True)
class View:
    """What a checker looks at.

    Attributes:
        level: the network, or inside of a block, with its shapes. Node ids and repairs are relative to it.
        top: whether it is the whole network.
        classes: how many classes the data has, if that is known.
    """

    level: Level
    top: bool = True
    classes: int | None = None

    @property
    def spec(self) -> NetworkSpec:
        return self.level.spec

    @cached_property
    def rank(self) -> Mapping[str, int]:
        """Place of each node in the order of computation; nodes on a cycle come last."""
        places = {id: place for place, id in enumerate(self.level.order)}
        return places | {node.id: len(places) for node in self.spec.nodes if node.id not in places}

    def failed(self, *types: str) -> Iterator[tuple[NodeSpec, tuple[Shape, ...]]]:
        """Layers (of these types) that could not be computed although all their inputs are known, with those."""
        for id, failure in self.level.failures.items():
            node = self.spec.by_id[id]
            if node.type in LAYERS and not failure.parameter and (not types or node.type in types):
                yield node, self.level.shapes_into(id)


Checker = Callable[[View], Iterator[Problem]]

PROBLEMS: Registry[Checker] = Registry("kind of problem", "engine.graph.problems")


def register(kind: str) -> Callable[[Checker], Checker]:
    """File a checker under the kind of problem that it finds."""
    return PROBLEMS.register(kind)


def try_layer(type: str, params: Mapping[str, Any], shapes: Sequence[Shape]) -> Facts | None:
    """What a layer would make of these inputs; None if it would refuse them."""
    facts = facts_of(type, params, shapes)
    return None if facts.failure else facts


def uneven(params: Mapping[str, Any]) -> bool:
    """Same padding around an even kernel, which PyTorch pads unequally and warns of: nothing to offer."""
    kernel = params.get("kernel_size", 3)
    sizes = kernel if isinstance(kernel, tuple) else (kernel,)
    return params.get("padding") == "same" and any(isinstance(size, int) and size % 2 == 0 for size in sizes)


def through(steps: Sequence[tuple[str, Mapping[str, Any]]], shape: Shape) -> Shape | None:
    """What comes out of a chain of layers; None if one of them refuses."""
    for type, params in steps:
        facts = try_layer(type, params, (shape,))
        if facts is None:
            return None
        shape = facts.output_shapes[0]
    return shape


def try_edit(view: View, edit: Callable[[NetworkSpec], NetworkSpec]) -> Level | None:
    """The level after an edit; None if the edit cannot be made."""
    try:
        return resolve(edit(view.spec), view.level.entering)
    except BadInput:
        return None


def title(node: NodeSpec) -> str:
    """How messages call a node: "conv1 (Conv2d)"."""
    return f"{node.id} ({node.type})"
