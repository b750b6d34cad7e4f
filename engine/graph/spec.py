"""The drawing as a value: nodes, edges and groups, frozen; and its JSON form. Never imports torch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from engine.errors import BadInput
from engine.frozen import FrozenDict, thaw

FORMAT = "vitrine-network"
VERSION = 1

INPUT = "Input"
OUTPUT = "Output"
BLOCK = "Block"

Shape = tuple[int, ...]
"""Sizes without the batch, such as (channels, height, width)."""


@dataclass(frozen=True)
class NodeSpec:
    """One node. `id` names the submodule, so it is a Python identifier and unique in its network.

    Attributes:
        type: id of a layer in the registry, or "Block" when the node holds a `subgraph`.
        params: the layer's own settings that differ from its defaults or were set by hand; plain JSON values.
        position: centre of the card on the canvas, in scene units.
        subgraph: the network inside a composite block; its Input and Output nodes, in order, are the block's ports.
        shares: id of the node, beside this one and alike in type, parameters and subgraph, whose weights it uses.
    """

    id: str
    type: str
    params: Mapping[str, Any] = field(default_factory=FrozenDict)
    position: tuple[float, float] = (0.0, 0.0)
    subgraph: NetworkSpec | None = None
    shares: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.params, FrozenDict):
            object.__setattr__(self, "params", FrozenDict(self.params))
        object.__setattr__(self, "position", (float(self.position[0]), float(self.position[1])))

    def with_params(self, **changes: Any) -> NodeSpec:
        return replace(self, params=FrozenDict({**self.params, **changes}))


@dataclass(frozen=True, order=True)
class EdgeSpec:
    """A connection from an output port to an input port.

    A port that takes any number of edges (those of Add, Concatenate, ...) receives them in the order in which the
    edges stand in the network.
    """

    source: str
    target: str
    source_port: str = "out"
    target_port: str = "in"


@dataclass(frozen=True)
class GroupSpec:
    """A named frame around nodes; it has no influence on what is computed."""

    id: str
    label: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """A whole network. Equality ignores nothing: two specs are equal when they would be saved alike."""

    name: str = "Untitled"
    nodes: tuple[NodeSpec, ...] = ()
    edges: tuple[EdgeSpec, ...] = ()
    groups: tuple[GroupSpec, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, NodeSpec]:
        return {node.id: node for node in self.nodes}

    @cached_property
    def edges_into(self) -> Mapping[str, tuple[EdgeSpec, ...]]:
        return _grouped(self.edges, "target")

    @cached_property
    def edges_out_of(self) -> Mapping[str, tuple[EdgeSpec, ...]]:
        return _grouped(self.edges, "source")

    @property
    def inputs(self) -> tuple[NodeSpec, ...]:
        """The Input nodes, in drawing order; each holds its shape in `params["shape"]`."""
        return tuple(node for node in self.nodes if node.type == INPUT)

    @property
    def outputs(self) -> tuple[NodeSpec, ...]:
        return tuple(node for node in self.nodes if node.type == OUTPUT)

    def node(self, id: str) -> NodeSpec:
        """Return the node called `id`, or raise `BadInput`."""
        try:
            return self.by_id[id]
        except KeyError:
            raise BadInput(f"The network {self.name!r} has no node {id!r}.", "Choose a node that it has.") from None

    def __getstate__(self) -> dict[str, Any]:
        # Cached look-up tables are cheap to rebuild and would double what crosses to the training process.
        return {name: self.__dict__[name] for name in ("name", "nodes", "edges", "groups")}


def _grouped(edges: Iterable[EdgeSpec], end: str) -> dict[str, tuple[EdgeSpec, ...]]:
    found: dict[str, list[EdgeSpec]] = {}
    for edge in edges:
        found.setdefault(getattr(edge, end), []).append(edge)
    return {id: tuple(some) for id, some in found.items()}


def to_plain(spec: NetworkSpec) -> dict[str, Any]:
    """The JSON form of a network as dicts and lists."""
    return {"format": FORMAT, "version": VERSION, **_plain_network(spec)}


def _plain_network(spec: NetworkSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "nodes": [_plain_node(node) for node in spec.nodes],
        "edges": [
            {"from": [edge.source, edge.source_port], "to": [edge.target, edge.target_port]} for edge in spec.edges
        ],
        "groups": [{"id": group.id, "label": group.label, "nodes": list(group.nodes)} for group in spec.groups],
    }


def _plain_node(node: NodeSpec) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": node.id,
        "type": node.type,
        "params": thaw(node.params),
        "position": list(node.position),
    }
    if node.subgraph is not None:
        plain["subgraph"] = _plain_network(node.subgraph)
    if node.shares is not None:
        plain["shares"] = node.shares
    return plain


def to_json(spec: NetworkSpec) -> str:
    return json.dumps(to_plain(spec), indent=1, ensure_ascii=False) + "\n"
