"""Networks as files and as plain values: strict about structure, tolerant of layers unknown here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import BadInput
from engine.graph.ids import why_not
from engine.graph.spec import (
    BLOCK,
    FORMAT,
    VERSION,
    EdgeSpec,
    GroupSpec,
    NetworkSpec,
    NodeSpec,
    to_json,
)
from engine.project.atomic import write_atomic
from engine.project.migrations import NETWORK_STEPS, migrate
from engine.project.plain import as_list, as_number, as_object, as_text, read_plain, refuse, shown

SUFFIX = ".json"
MAX_NODES = 20_000
MAX_BLOCK_DEPTH = 12
MAX_COORDINATE = 1e7

_NETWORK = ("name", "nodes", "edges", "groups")


def load_network(path: Path) -> NetworkSpec:
    """Open a network file. Raises `BadInput` with the file's name and the place in it that is wrong."""
    path = Path(path)
    try:
        return network_from_plain(read_plain(path))
    except BadInput as error:
        if path.name in error.what:
            raise
        raise type(error)(f"{path.name} cannot be opened. {error.what}", error.advice) from None


def save_network(spec: NetworkSpec, path: Path) -> None:
    """Write a network file atomically. Raises `BadInput` or `JobFailed` naming the path."""
    write_atomic(path, to_json(spec).encode("utf-8"))


def network_from_plain(plain: Any, where: str = "") -> NetworkSpec:
    """Turn parsed JSON (of any version) into a network, or raise `BadInput` that names the place.

    Unknown layer types and parameters are kept: the drawing shows them as problems, and nothing is lost.
    """
    current = migrate(plain, FORMAT, VERSION, NETWORK_STEPS, where)
    as_object(current, where, ("format", "version", *_NETWORK), _NETWORK[:3])
    return _network(current, f"{where}." if where else "", 0, [MAX_NODES])


def _network(plain: dict[str, Any], at: str, depth: int, left: list[int]) -> NetworkSpec:
    listed = as_list(plain["nodes"], f"{at}nodes")
    left[0] -= len(listed)
    if left[0] < 0:
        refuse(f"{at}nodes", f"brings the network to more than {MAX_NODES:,} nodes")
    nodes = tuple(_node(item, f"{at}nodes[{index}]", depth, left) for index, item in enumerate(listed))
    known: set[str] = set()
    for node in nodes:
        if node.id in known:
            refuse(f"{at}nodes", f"has two nodes called {node.id!r}")
        known.add(node.id)
    owners = {node.id for node in nodes if node.shares is None}
    for node in nodes:
        if node.shares is not None and node.shares not in owners:
            refuse(
                f"{at}nodes", f"lets {node.id!r} share the weights of {node.shares!r}, which has none of its own there"
            )
    edges = as_list(plain["edges"], f"{at}edges")
    groups = as_list(plain.get("groups", []), f"{at}groups")
    return NetworkSpec(
        name=as_text(plain["name"], f"{at}name", empty=True),
        nodes=nodes,
        edges=tuple(_edge(item, f"{at}edges[{index}]", known) for index, item in enumerate(edges)),
        groups=tuple(_group(item, f"{at}groups[{index}]", known) for index, item in enumerate(groups)),
    )


def _node(plain: Any, at: str, depth: int, left: list[int]) -> NodeSpec:
    as_object(plain, at, ("id", "type", "params", "position", "subgraph", "shares"), ("id", "type"))
    id = as_text(plain["id"], f"{at}.id", 100)
    fault = why_not(id)
    if fault:
        refuse(f"{at}.id", f"is {shown(id)}, which no node can be called: {fault}")
    type = as_text(plain["type"], f"{at}.type", 100)
    params = plain.get("params", {})
    if not isinstance(params, dict):
        refuse(f"{at}.params", f"must be an object, not {shown(params)}")
    position = as_list(plain.get("position", [0, 0]), f"{at}.position", 2)
    x, y = (as_number(value, f"{at}.position", MAX_COORDINATE) for value in position)
    shares = as_text(plain["shares"], f"{at}.shares", 100) if plain.get("shares") is not None else None
    return NodeSpec(id, type, params, (x, y), _subgraph(plain, type, at, depth, left), shares)


def _subgraph(plain: dict[str, Any], type: str, at: str, depth: int, left: list[int]) -> NetworkSpec | None:
    if (type == BLOCK) != ("subgraph" in plain):
        refuse(at, f"has the type {shown(type)}; a {BLOCK}, and nothing else, holds a subgraph")
    if type != BLOCK:
        return None
    if depth >= MAX_BLOCK_DEPTH:
        refuse(at, f"is a block inside more than {MAX_BLOCK_DEPTH} others")
    inner = as_object(plain["subgraph"], f"{at}.subgraph", _NETWORK, _NETWORK[:3])
    return _network(inner, f"{at}.subgraph.", depth + 1, left)


def _edge(plain: Any, at: str, known: set[str]) -> EdgeSpec:
    as_object(plain, at, ("from", "to"), ("from", "to"))
    ends = []
    for side in ("from", "to"):
        node, port = (as_text(part, f"{at}.{side}", 100) for part in as_list(plain[side], f"{at}.{side}", 2))
        if node not in known:
            refuse(f"{at}.{side}", f"names the node {node!r}, which is not there")
        ends.append((node, port))
    (source, source_port), (target, target_port) = ends
    return EdgeSpec(source, target, source_port, target_port)


def _group(plain: Any, at: str, known: set[str]) -> GroupSpec:
    as_object(plain, at, ("id", "label", "nodes"), ("id", "nodes"))
    members = [as_text(item, f"{at}.nodes", 100) for item in as_list(plain["nodes"], f"{at}.nodes")]
    # A frame around a node that is gone changes nothing that is computed: no reason to refuse the file.
    return GroupSpec(
        as_text(plain["id"], f"{at}.id", 100),
        as_text(plain.get("label", ""), f"{at}.label", empty=True),
        tuple(id for id in members if id in known),
    )
