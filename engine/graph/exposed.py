"""Parameters that a block shows on its own card: one value that is written to layers inside. Never imports torch.

They stand in the block's parameters as {"exposed": {"growth rate": [["layer1.conv2", "out_channels", 1], ...]}}: under
a name, the inner nodes, their parameter and the factor between the value and it. The first target is where the value is
read, so that it is kept in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.spec import NetworkSpec, NodeSpec
from engine.layers.base import LAYERS

KEY = "exposed"


@dataclass(frozen=True)
class Target:
    """An inner node ("layer1.conv1"), its parameter, and how many times the value is written there."""

    node: str
    parameter: str
    factor: int = 1


@dataclass(frozen=True)
class Exposed:
    """One parameter on a block. `type` is the layer type of the first target, whose field gives help and range."""

    name: str
    value: Any
    targets: tuple[Target, ...]
    type: str


def exposed(block: NodeSpec) -> dict[str, Exposed]:
    """The parameters that a block shows, by name; those whose first target is gone are left out."""
    found = {}
    for name, targets in declared(block).items():
        first = _inner(block, targets[0].node) if targets else None
        if first is None or first.type not in LAYERS:
            continue
        field = LAYERS.get(first.type).model_fields.get(targets[0].parameter)
        if field is None:
            continue
        value = first.params.get(targets[0].parameter, field.get_default())
        found[name] = Exposed(name, _divided(value, targets[0].factor), targets, first.type)
    return found


def declared(block: NodeSpec) -> dict[str, tuple[Target, ...]]:
    """What the block's parameters say is exposed; entries that make no sense are left out."""
    plain = block.params.get(KEY)
    if not isinstance(plain, Mapping):
        return {}
    found = {}
    for name, targets in plain.items():
        whole = targets if isinstance(targets, tuple) else ()
        good = [Target(*one) for one in whole if _is_target(one)]
        if good and len(good) == len(whole):
            found[name] = tuple(good)
    return found


def set_exposed(block: NodeSpec, name: str, value: Any) -> NodeSpec:
    """The block with a value written to all its targets. Raises `BadInput` if it shows no such parameter."""
    known = exposed(block)
    if name not in known:
        some = f"It shows {', '.join(known)}." if known else "It shows none."
        raise BadInput(f"{block.id} shows no parameter called {name!r}.", some, node=block.id)
    for target in known[name].targets:
        block = _written(block, target.node, target.parameter, _times(value, target.factor))
    return block


def with_exposed(block: NodeSpec, name: str, targets: Iterable[Target]) -> NodeSpec:
    """The block that shows a parameter under a name; without targets it no longer does."""
    wanted = tuple(targets)
    shown = dict(declared(block))
    shown.pop(name, None)
    if wanted:
        shown[name] = wanted
    plain = {key: [[one.node, one.parameter, one.factor] for one in some] for key, some in shown.items()}
    params = {key: old for key, old in block.params.items() if key != KEY}
    return replace(block, params=FrozenDict({**params, KEY: plain} if plain else params))


def _is_target(plain: Any) -> bool:
    return (
        isinstance(plain, tuple)
        and len(plain) == 3
        and isinstance(plain[0], str)
        and isinstance(plain[1], str)
        and isinstance(plain[2], int)
        and plain[2] >= 1
    )


def _inner(block: NodeSpec, path: str) -> NodeSpec | None:
    node: NodeSpec | None = block
    for part in path.split("."):
        node = node.subgraph.by_id.get(part) if node is not None and node.subgraph is not None else None
    return node


def _written(node: NodeSpec, path: str, parameter: str, value: Any) -> NodeSpec:
    head, _, rest = path.partition(".")
    inside: NetworkSpec | None = node.subgraph
    if inside is None or head not in inside.by_id:
        return node
    inner = inside.by_id[head]
    new = _written(inner, rest, parameter, value) if rest else inner.with_params(**{parameter: value})
    nodes = tuple(new if old.id == head else old for old in inside.nodes)
    return replace(node, subgraph=replace(inside, nodes=nodes))


def _divided(value: Any, factor: int) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value // factor if whole and factor != 1 else value


def _times(value: Any, factor: int) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value * factor if whole and factor != 1 else value
