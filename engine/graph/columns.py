"""A long network in several columns side by side, as it fits on a slide: down one, then on at the top of the next.

Made from the usual drawing by cutting it between rows where few edges pass. Never imports torch.
"""

from __future__ import annotations

from dataclasses import replace

from engine.graph.layout import GAP, GRID, LANE, NODE_WIDTH, ROW, layout
from engine.graph.spec import NetworkSpec

WIDE = 16 / 9
_MOST = 12


def in_columns(spec: NetworkSpec, ratio: float = WIDE) -> NetworkSpec:
    """The network laid out in as many columns as bring its width to height closest to `ratio`."""
    spec = layout(spec)
    rows = sorted({node.position[1] for node in spec.nodes})
    if len(rows) < 4:
        return spec
    xs = [node.position[0] for node in spec.nodes]
    width = max(xs) - min(xs) + NODE_WIDTH + 4 * LANE
    passing = _passing(spec, rows)

    def far(cuts: list[int]) -> float:
        tallest = max(last - first for first, last in zip(cuts, [*cuts[1:], len(rows)], strict=True))
        uneven = 0.5 * (tallest * len(cuts) / len(rows) - 1)
        return abs((width * len(cuts)) / (ROW * (tallest + 0.5)) - ratio) + uneven

    counts = range(1, min(_MOST, len(rows) // 3) + 1)
    options = [cuts for count in counts if len(cuts := _cuts(len(rows), count, passing)) == count]
    return _placed(spec, rows, min(options, key=far))


def _passing(spec: NetworkSpec, rows: list[float]) -> list[int]:
    """How many different sources have an edge from above each row to it or below it; nothing passes the first."""
    number = {y: index for index, y in enumerate(rows)}
    reach: dict[tuple[str, str], tuple[int, int]] = {}
    for edge in spec.edges:
        if edge.source in spec.by_id and edge.target in spec.by_id:
            start, end = (number[spec.by_id[id].position[1]] for id in (edge.source, edge.target))
            low, high = reach.get((edge.source, edge.source_port), (start, start))
            reach[edge.source, edge.source_port] = (min(low, end), max(high, end))
    return [sum(low < row <= high for low, high in reach.values()) for row in range(len(rows))]


def _cuts(rows: int, count: int, passing: list[int]) -> list[int]:
    """The first row of each column: near where it would be for equal columns, but only where a single edge passes."""
    cuts = [0]
    for number in range(1, count):
        ideal = round(rows * number / count)
        slack = rows / (2 * count)
        clean = [row for row in range(cuts[-1] + 2, rows - 1) if passing[row] <= 1 and abs(row - ideal) <= slack]
        if clean:
            cuts.append(min(clean, key=lambda row: abs(row - ideal)))
    return cuts


def _placed(spec: NetworkSpec, rows: list[float], cuts: list[int]) -> NetworkSpec:
    where: dict[str, tuple[float, float]] = {}
    left = 0.0
    for first, last in zip(cuts, [*cuts[1:], len(rows)], strict=True):
        inside = [node for node in spec.nodes if rows[first] <= node.position[1] <= rows[last - 1]]
        low, high = min(node.position[0] for node in inside), max(node.position[0] for node in inside)
        lanes = _lanes(spec, {node.id: (node.position[1] - rows[first]) / ROW for node in inside})
        for node in inside:
            x = round((left + node.position[0] - low) / GRID) * GRID
            where[node.id] = (float(x), node.position[1] - rows[first])
        left += high - low + NODE_WIDTH + GAP + LANE * (1 + 2 * lanes)
    return replace(spec, nodes=tuple(replace(node, position=where[node.id]) for node in spec.nodes))


def _lanes(spec: NetworkSpec, rows: dict[str, float]) -> int:
    """How many sources have edges past at least one card of their column; these run beside the cards."""
    long = {
        (edge.source, edge.source_port)
        for edge in spec.edges
        if edge.source in rows and edge.target in rows and rows[edge.target] - rows[edge.source] > 1
    }
    return len(long)
