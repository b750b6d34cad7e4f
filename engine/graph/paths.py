"""Paths of nodes inside blocks, such as "layer1.block0.conv1": taking them apart and following them. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.errors import BadInput
from engine.graph.spec import NetworkSpec, NodeSpec


def parent_of(path: str) -> str:
    """The block that holds a node; "" for a node of the network itself."""
    return path.rpartition(".")[0]


def name_of(path: str) -> str:
    """The node's id in its own level."""
    return path.rpartition(".")[2]


def join(path: str, id: str) -> str:
    """The path of a node in the level at `path`."""
    return f"{path}.{id}" if path else id


def outer(path: str) -> Iterator[str]:
    """The blocks around a node, the outermost first, without the node itself."""
    parts = path.split(".")
    for count in range(1, len(parts)):
        yield ".".join(parts[:count])


def is_inside(path: str, block: str) -> bool:
    """Whether a node is in a block, at any depth; everything is in ""."""
    return not block or path.startswith(f"{block}.")


def common(paths: Iterable[str]) -> str:
    """The innermost level that holds all these levels."""
    split = [path.split(".") if path else [] for path in paths]
    shared: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared)


def find(network: NetworkSpec, path: str) -> NodeSpec | None:
    """The node at a path, with its own short id; None if there is none."""
    node: NodeSpec | None = None
    level: NetworkSpec | None = network
    for part in path.split("."):
        node = level.by_id.get(part) if level is not None else None
        level = node.subgraph if node is not None else None
    return node


def inner(network: NetworkSpec, path: str) -> NodeSpec:
    """Like `find`, but raises `BadInput` for a path that leads nowhere."""
    node = find(network, path)
    if node is None:
        raise BadInput(f"The network {network.name!r} has no node {path!r}.", "Choose a node that it has.")
    return node


def level_of(network: NetworkSpec, path: str) -> NetworkSpec:
    """The network inside the block at `path`, or `network` itself for "". Raises `BadInput` if there is no block."""
    if not path:
        return network
    node = inner(network, path)
    if node.subgraph is None:
        raise BadInput(f"{path} ({node.type}) is not a block.", "Choose a node that holds others.", node=path)
    return node.subgraph


def every_block(network: NetworkSpec, path: str = "") -> Iterator[str]:
    """Paths of all blocks, an outer one before those in it."""
    for node in network.nodes:
        if node.subgraph is not None:
            here = join(path, node.id)
            yield here
            yield from every_block(node.subgraph, here)
