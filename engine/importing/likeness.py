"""An edited network beside the drawing that it was written from: what is unchanged keeps its names and places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.frozen import FrozenDict
from engine.graph.edits import rename
from engine.graph.ids import free_id
from engine.graph.spec import BLOCK, INPUT, OUTPUT, NetworkSpec, NodeSpec
from engine.importing.job import Imported
from engine.layers.base import LAYERS, Layer, parse_layer
from engine.layers.convolution import Conv2d

if TYPE_CHECKING:
    from torch import Tensor


# Special cases of a convolution, which source writes as an ordinary one.
_CONVOLUTIONS = ("DepthwiseConv2d", "PointwiseConv2d")


@dataclass(frozen=True)
class _Alike:
    """A network with the old names, and where its nodes' names came from: new path -> old path."""

    spec: NetworkSpec
    paths: Mapping[str, str]


def adopt(found: Imported, old: NetworkSpec) -> Imported:
    """The imported network with the ids, places, titles and groups of an older drawing, wherever both have a node."""
    alike = _network(found.spec, old)
    spec = replace(alike.spec, name=old.name)
    state: Mapping[str, Tensor] | None = found.state
    if state is not None:
        state = {_moved(key, alike.paths): value for key, value in state.items()}
    return replace(found, spec=spec, state=state)


def _moved(key: str, paths: Mapping[str, str]) -> str:
    """A weight's name with the ids of its nodes as they are called now."""
    parts = key.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = ".".join(parts[:length])
        if path in paths:
            return ".".join([paths[path], *parts[length:]])
    return key


def _network(new: NetworkSpec, old: NetworkSpec) -> _Alike:
    pairs = _pairs(new, old)
    paths: dict[str, str] = {}
    inner: dict[str, NetworkSpec] = {}
    ports: dict[tuple[str, str], str] = {}
    for node in new.nodes:
        twin = pairs.get(node.id)
        if twin is not None and node.subgraph is not None and twin.subgraph is not None:
            inside = _network(node.subgraph, twin.subgraph)
            paths.update({f"{node.id}.{a}": f"{twin.id}.{b}" for a, b in inside.paths.items()})
            ports.update(_ports(node.id, node.subgraph, inside))
            inner[node.id] = inside.spec
    edges = tuple(
        replace(
            edge,
            source_port=ports.get((edge.source, f"out:{edge.source_port}"), edge.source_port),
            target_port=ports.get((edge.target, f"in:{edge.target_port}"), edge.target_port),
        )
        for edge in new.edges
    )
    pairs |= _ends(replace(new, edges=edges), old, pairs)
    nodes = []
    for node in new.nodes:
        twin = pairs.get(node.id)
        if twin is not None:
            type, params = _settings(node, twin)
            node = replace(node, position=twin.position, type=type, params=params)
        nodes.append(replace(node, subgraph=inner.get(node.id, node.subgraph)))
    spec = replace(new, nodes=tuple(nodes), edges=edges, name=old.name)
    names = {id: twin.id for id, twin in pairs.items()}
    spec, called = _renamed(spec, names)
    paths = called | paths
    order = {node.id: place for place, node in enumerate(old.nodes)}
    if all(node.id in order for node in spec.nodes):
        # Nothing is new: then the drawing order is the old one as well, and what did not change is equal.
        spec = replace(spec, nodes=tuple(sorted(spec.nodes, key=lambda node: order[node.id])))
        known = {edge: place for place, edge in enumerate(old.edges)}
        if set(spec.edges) == set(known):
            spec = replace(spec, edges=tuple(sorted(spec.edges, key=known.__getitem__)))
    here = {node.id for node in spec.nodes}
    groups = tuple(replace(g, nodes=tuple(id for id in g.nodes if id in here)) for g in old.groups)
    return _Alike(replace(spec, groups=tuple(group for group in groups if group.nodes)), paths)


def _ports(block: str, before: NetworkSpec, inside: _Alike) -> dict[tuple[str, str], str]:
    """The new names of a block's ports, by the block and "in:" or "out:" with the old name: they are those inside."""
    found = {}
    sides = (("in", before.inputs, inside.spec.inputs), ("out", before.outputs, inside.spec.outputs))
    for word, old, new in sides:
        names = {node.id: word if place == 0 else node.id for place, node in enumerate(new)}
        for place, node in enumerate(old):
            found[block, f"{word}:{word if place == 0 else node.id}"] = names[inside.paths[node.id]]
    return found


def _settings(node: NodeSpec, twin: NodeSpec) -> tuple[str, FrozenDict]:
    """Type and parameters as they were written down before, apart from those that now say something else."""
    if node.type == BLOCK or (node.type == INPUT and not node.params):
        kept = {name: value for name, value in twin.params.items() if name != "each"}
        return node.type, FrozenDict({**kept, **node.params})  # source tells neither what is exposed nor shapes inside
    if node.type not in LAYERS or twin.type not in LAYERS:
        return node.type, FrozenDict(node.params)
    try:
        ours, theirs = parse_layer(node.type, node.params), parse_layer(twin.type, twin.params)
    except BadInput:
        return node.type, FrozenDict(node.params)
    both = [name for name in type(ours).model_fields if name in type(theirs).model_fields]
    changed = {name: getattr(ours, name) for name in both if _meaning(ours, name) != _meaning(theirs, name)}
    changed.pop("initialisation", None)  # how weights start cannot be seen in a module
    if twin.type == "DepthwiseConv2d":
        changed.pop("out_channels", None)  # it follows from what comes in
    return twin.type, FrozenDict({**twin.params, **changed})


def _meaning(layer: Layer, name: str) -> object:
    """A parameter's value in one spelling: (3, 3) is 3, and "same" padding is the number that it comes to."""
    value = getattr(layer, name)
    if name == "stride" and value is None:
        value = getattr(layer, "kernel_size", None)  # a pooling window moves as far as it is large
    if name == "padding" and isinstance(value, str) and type(layer).__name__.endswith("Conv2d"):
        window = {one: getattr(layer, one) for one in ("kernel_size", "stride", "dilation")}
        with suppress(BadInput):
            value = Conv2d(**window, padding=value).explicit_padding()
    if isinstance(value, float):
        return round(value, 9)  # source is written with the digits that a person needs
    if isinstance(value, tuple) and len(set(value)) == 1 and len(value) in (2, 3):
        return value[0]
    return value


def _pairs(new: NetworkSpec, old: NetworkSpec) -> dict[str, NodeSpec]:
    """The old node of each new one: first by name and type, then by the order of the types that are left.

    Inputs and outputs are left out, since a block's source does not tell their names: see `_ends`.
    """
    ours, theirs = ([node for node in spec.nodes if node.type not in (INPUT, OUTPUT)] for spec in (new, old))
    by_id = {node.id: node for node in theirs}
    pairs = {node.id: by_id[node.id] for node in ours if node.id in by_id and _kin(node, by_id[node.id])}
    taken = {twin.id for twin in pairs.values()}
    left = [node for node in ours if node.id not in pairs]
    rest = [node for node in theirs if node.id not in taken]
    matcher = SequenceMatcher(None, [_mark(node) for node in left], [_mark(node) for node in rest], autojunk=False)
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            pairs[left[block.a + step].id] = rest[block.b + step]
    return pairs


def _ends(new: NetworkSpec, old: NetworkSpec, pairs: Mapping[str, NodeSpec]) -> dict[str, NodeSpec]:
    """The old Input and Output node of each new one: that with the same on its other side, then those that are left."""
    found: dict[str, NodeSpec] = {}
    for ends, others in ((new.inputs, old.inputs), (new.outputs, old.outputs)):
        left = list(others)
        beside = {node.id: _beside(old, node) for node in others}
        for node in ends:
            seen = {(pairs[id].id, port) for id, port in _beside(new, node) if id in pairs}
            twin = next((one for one in left if seen & beside[one.id]), None)
            if twin is not None:
                found[node.id] = twin
                left.remove(twin)
        rest = [node for node in ends if node.id not in found]
        if len(ends) == len(others):
            found.update({a.id: b for a, b in zip(rest, left, strict=True)})
    return found


def _beside(spec: NetworkSpec, end: NodeSpec) -> set[tuple[str, str]]:
    """The nodes that an Input feeds, and the one that an Output shows, each with its port."""
    if end.type == INPUT:
        return {(edge.target, edge.target_port) for edge in spec.edges if edge.source == end.id}
    return {(edge.source, edge.source_port) for edge in spec.edges if edge.target == end.id}


def _kin(node: NodeSpec, twin: NodeSpec) -> bool:
    alike = node.type == twin.type or (node.type == "Conv2d" and twin.type in _CONVOLUTIONS)
    return alike and (node.subgraph is None) == (twin.subgraph is None)


def _mark(node: NodeSpec) -> str:
    """What a node has in common with its twin: its type, and for a block the types inside."""
    return node.type if node.subgraph is None else f"{node.type}:{len(node.subgraph.nodes)}"


def _renamed(spec: NetworkSpec, names: Mapping[str, str]) -> tuple[NetworkSpec, dict[str, str]]:
    """Give nodes the names of their twins, by way of interim ones, since a new name may be another's old one."""
    interim = {id: f"moving{number}x" for number, id in enumerate(names)}
    for old, new in interim.items():
        spec = rename(spec, old, new)
    called = {}
    for old, new in names.items():
        called[old] = new if new not in spec.by_id else free_id(re.sub(r"\W", "_", new), set(spec.by_id))
        spec = rename(spec, interim[old], called[old])
    called.update({node.id: node.id for node in spec.nodes if node.id not in called.values()})
    return spec, called
