"""Networks without the part that a graph of fixed operators can hardly hold: choosing boxes by their scores.

How many boxes are left depends on the values, and each picture of a batch is looked at by itself. So the whole of a
detector can be held for one picture at a time at best. What leads up to the choice is plain computation for any
number of pictures, and its results are outputs of the gallery's detectors too.
"""

from __future__ import annotations

from dataclasses import replace

from engine.errors import JobFailed
from engine.graph.analyse import analyse
from engine.graph.ports import input_ports, output_ports
from engine.graph.spec import BLOCK, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.topology import order

CHOOSING = frozenset(
    {"RegionProposals", "RegionDetections", "LevelDetections", "ClassDetections", "PointDetections", "GridDetections"}
)
"""Layers whose work depends on the values."""

Ends = set[tuple[str, str]]


def chooses(spec: NetworkSpec) -> bool:
    """Whether the network chooses boxes by their scores, at any depth."""
    return any(node.type in CHOOSING or (node.subgraph is not None and chooses(node.subgraph)) for node in spec.nodes)


def untangled(spec: NetworkSpec) -> tuple[NetworkSpec, tuple[str, ...]]:
    """The network without what chooses boxes, and the names of the outputs that went with it.

    Raises `JobFailed` if weights would be lost, as in a network whose second stage looks at chosen regions.
    """
    found, gone = _without(spec, frozenset())
    if not gone:
        return spec, ()
    names = tuple(spec.outputs[k].id for k in sorted(gone))
    if not found.outputs or analyse(found).totals.parameters != analyse(spec).totals.parameters:
        raise JobFailed(
            f"{spec.name} chooses regions by their scores and goes on with what it has chosen, which no graph of fixed "
            "operators can hold.",
            "Take the PyTorch source instead, or export a detector of one stage.",
        )
    return found, names


def _without(spec: NetworkSpec, entering: frozenset[int]) -> tuple[NetworkSpec, frozenset[int]]:
    """The network without what hangs on a choice, and the numbers of the outputs that are gone.

    Args:
        entering: numbers of the inputs that hang on a choice made outside.
    """
    tainted: Ends = {(node.id, "out") for k, node in enumerate(spec.inputs) if k in entering}
    nodes: dict[str, NodeSpec] = dict(spec.by_id)
    ports: dict[tuple[str, str], str] = {}
    for id in order(spec):
        node = spec.by_id[id]
        touched = [edge for edge in spec.edges_into.get(id, ()) if (edge.source, edge.source_port) in tainted]
        if node.type == BLOCK and node.subgraph is not None:
            into = input_ports(node)
            inner, gone = _without(node.subgraph, frozenset(into.index(edge.target_port) for edge in touched))
            if gone:
                nodes[id] = replace(node, subgraph=inner)
                left = [port for k, port in enumerate(output_ports(node)) if k not in gone]
                tainted |= {(id, port) for k, port in enumerate(output_ports(node)) if k in gone}
                ports |= {(id, old): new for old, new in zip(left, output_ports(nodes[id]), strict=True)}
        elif node.type in CHOOSING or (touched and node.type != OUTPUT):
            tainted |= {(id, port) for port in output_ports(node)}
    ends = {n.id: k for k, n in enumerate(spec.outputs)}
    lost = {e.target for e in spec.edges if e.target in ends and (e.source, e.source_port) in tainted}
    edges = tuple(
        EdgeSpec(e.source, e.target, ports.get((e.source, e.source_port), e.source_port), e.target_port)
        for e in spec.edges
        if e.target not in lost and (e.source, e.source_port) not in tainted
    )
    kept = tuple(nodes[node.id] for node in spec.nodes if node.id not in lost)
    return replace(spec, nodes=kept, edges=edges), frozenset(ends[id] for id in lost)
