"""The layers of a network as rows, for summaries and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.graph.results import Analysis, NodeInfo
from engine.graph.spec import INPUT, OUTPUT, NetworkSpec, Shape
from engine.graph.topology import order


@dataclass(frozen=True)
class Row:
    """One layer or block.

    Attributes:
        id: "block.inner" inside blocks; `depth` is how many blocks it is in.
        sources: what feeds it, by id; a port other than the only one as "id:port".
        shares: the node whose weights it uses again, or "".
    """

    id: str
    type: str
    depth: int
    info: NodeInfo
    sources: tuple[str, ...]
    shares: str = ""
    is_block: bool = False

    @property
    def output(self) -> str:
        """ "6×28×28"; several outputs separated by commas; a question mark where it is unknown."""
        return ", ".join(sizes(shape) for shape in self.info.output_shapes) or "?"


def sizes(shape: Shape) -> str:
    return "×".join(str(size) for size in shape)


def rows_of(analysis: Analysis, nested: bool = False) -> list[Row]:
    """Every layer and block in the order in which they compute; with `nested`, what is in a block follows it."""
    return _rows(analysis.spec, analysis.nodes, nested, "", 0)


def _rows(spec: NetworkSpec, nodes: Mapping[str, NodeInfo], nested: bool, prefix: str, depth: int) -> list[Row]:
    found = []
    for id in order(spec):
        node = spec.by_id[id]
        if node.type == OUTPUT or (depth and node.type == INPUT):
            continue
        name = node.subgraph.name if node.subgraph else node.type
        sources = tuple(
            prefix + edge.source + ("" if edge.source_port == "out" else f":{edge.source_port}")
            for edge in spec.edges_into.get(id, ())
        )
        shares = prefix + node.shares if node.shares else ""
        block = node.subgraph is not None
        found.append(Row(prefix + id, name, depth, nodes[prefix + id], sources, shares, block))
        if node.subgraph is not None and nested:
            found += _rows(node.subgraph, nodes, nested, f"{prefix}{id}.", depth + 1)
    return found


def report_rows(analysis: Analysis, nested: bool) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and cells of a table for a report; its last row holds the sums."""
    rows = [
        (row.id, row.type, row.output, f"{row.info.parameters:,}", f"{row.info.macs:,}")
        for row in rows_of(analysis, nested)
    ]
    totals = analysis.totals
    total = ("Total", "", "", f"{totals.parameters:,}", f"{totals.macs:,}")
    return ("Layer", "Type", "Output", "Parameters", "MACs"), [*rows, total]
