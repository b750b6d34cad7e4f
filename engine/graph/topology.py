"""Who feeds whom: order, cycles, reachability, and blocks replaced by what is in them. Never imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from engine.graph.ports import input_ports, output_ports
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec


def order(spec: NetworkSpec) -> tuple[str, ...]:
    """Return ids so that every node comes after what feeds it; nodes on or behind a cycle are left out.

    Among nodes that are ready at the same time the drawing order decides, so the answer is stable.
    """
    rank = {node.id: index for index, node in enumerate(spec.nodes)}
    waiting = dict.fromkeys(rank, 0)
    for edge in spec.edges:
        if edge.source in rank and edge.target in rank:
            waiting[edge.target] += 1
    ready = [id for id in reversed(rank) if waiting[id] == 0]
    done: list[str] = []
    while ready:
        id = ready.pop()
        done.append(id)
        freed = []
        for edge in spec.edges_out_of.get(id, ()):
            if edge.target in rank:
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    freed.append(edge.target)
        # Depth first keeps a branch together, which reads better in a table and in generated code.
        ready.extend(sorted(set(freed), key=rank.__getitem__, reverse=True))
    return tuple(done)


def cycles(spec: NetworkSpec) -> tuple[tuple[str, ...], ...]:
    """Return the sets of nodes that feed each other in a circle, each in drawing order.

    These are the strongly connected components of more than one node, and nodes that feed themselves
    (Tarjan 1972, without recursion so that a long chain cannot exhaust the stack).
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[tuple[str, ...]] = []
    rank = {node.id: number for number, node in enumerate(spec.nodes)}
    after = {id: [e.target for e in spec.edges_out_of.get(id, ()) if e.target in rank] for id in rank}

    for root in rank:
        if root in index:
            continue
        work = [(root, iter(after[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            id, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(after[other])))
                    break
                if other in on_stack:
                    low[id] = min(low[id], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[id])
                if low[id] == index[id]:
                    at = stack.index(id)
                    part, stack[at:] = stack[at:], []
                    on_stack.difference_update(part)
                    if len(part) > 1 or id in after[id]:
                        found.append(tuple(sorted(part, key=rank.__getitem__)))
    return tuple(sorted(found, key=lambda part: rank[part[0]]))


def reachable(spec: NetworkSpec, start: Iterable[str], *, upstream: bool = False) -> frozenset[str]:
    """Return `start` and everything downstream (or upstream) of it."""
    table = spec.edges_into if upstream else spec.edges_out_of
    seen = set(start)
    work = list(seen)
    while work:
        for edge in table.get(work.pop(), ()):
            other = edge.source if upstream else edge.target
            if other not in seen and other in spec.by_id:
                seen.add(other)
                work.append(other)
    return frozenset(seen)


def inline(spec: NetworkSpec) -> NetworkSpec:
    """Replace every block, at every depth, by its nodes, which are then called "block.inner".

    The Input and Output nodes of a block disappear and what they joined is joined directly. The ids contain dots, so
    the result is for reading and not for drawing. What stands in a block that is applied to each element is left as it
    is for one element.
    """
    for node in spec.nodes:
        if node.type == BLOCK and node.subgraph is not None:
            flat = replace(node, subgraph=inline(node.subgraph))
            spec = expand(spec, flat, lambda inner, outer=node.id: f"{outer}.{inner}")  # type: ignore[misc]
    return spec


def expand(spec: NetworkSpec, block: NodeSpec, rename: Callable[[str], str]) -> NetworkSpec:
    """Replace one block by its nodes under the names that `rename` gives them. Groups inside are dropped.

    Nodes of a block that shares another's weights share those of the other's nodes, which are called "other.inner".
    """
    inner = block.subgraph or NetworkSpec()
    ends = {INPUT, OUTPUT}

    def shared(node: NodeSpec) -> str | None:
        if block.shares is not None:
            return f"{block.shares}.{node.shares or node.id}"
        return rename(node.shares) if node.shares is not None else None

    body = tuple(
        replace(node, id=rename(node.id), shares=shared(node)) for node in inner.nodes if node.type not in ends
    )
    fed_by = {edge.target_port: (edge.source, edge.source_port) for edge in spec.edges_into.get(block.id, ())}
    entry = {node.id: fed_by.get(port) for node, port in zip(inner.inputs, input_ports(block), strict=True)}

    def outside(source: str, port: str) -> tuple[str, str] | None:
        """Where an inner source is found after the expansion; None if nothing feeds it."""
        return entry[source] if source in entry else (rename(source), port)

    leaving: dict[str, tuple[str, str] | None] = {}
    for node, port in zip(inner.outputs, output_ports(block), strict=True):
        into = inner.edges_into.get(node.id, ())
        leaving[port] = outside(into[0].source, into[0].source_port) if into else None

    edges: list[EdgeSpec] = []

    def add(source: tuple[str, str] | None, target: str, target_port: str) -> None:
        if source is not None and source[0] == block.id:
            source = leaving.get(source[1])  # the block feeds itself, or passes its input through
        if source is not None and source[0] != block.id:
            edges.append(EdgeSpec(source[0], target, source[1], target_port))

    for edge in spec.edges:
        if edge.target != block.id:
            add((edge.source, edge.source_port), edge.target, edge.target_port)
    outputs = {node.id for node in inner.outputs}
    for edge in inner.edges:
        if edge.target not in outputs:
            add(outside(edge.source, edge.source_port), rename(edge.target), edge.target_port)

    at = next(index for index, node in enumerate(spec.nodes) if node.id == block.id)
    return replace(spec, nodes=spec.nodes[:at] + body + spec.nodes[at + 1 :], edges=tuple(edges))
