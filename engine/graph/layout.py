"""Where the cards go: a layered drawing, top to bottom, main path straight, branches side by side. Never imports torch.

The longest path of the network becomes a straight spine. What is left falls into connected pieces (a shortcut, a branch
of an inception module, ...); each is laid out by the same rule and pushed against the spine from the left or the right,
shortest first, so that nested shortcuts nest. An edge that passes rows keeps a lane of its own, so that it has room to
run beside the cards and not through them. Rows are longest-path layers after Sugiyama, Tagawa and Toda, "Methods for
visual understanding of hierarchical system structures", 1981.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from engine.graph.spec import INPUT, NetworkSpec

GRID = 8
NODE_WIDTH = 180
NODE_HEIGHT = 60
ROW = 104
"""Distance between the centres of two rows; the gap leaves room for the pill with the shape."""
GAP = 28
"""Free space between two cards of one row."""
LANE = 20
"""Width of the lane kept for an edge that passes a row."""
_DEPTH = 60
"""Pieces within pieces beyond this depth are laid out card by card; real networks stay below ten."""

Position = tuple[float, float]
Element = tuple[str, bool]
"""A node id and whether this is the lane of the long edges that leave it, rather than the node itself."""


def layout(spec: NetworkSpec) -> NetworkSpec:
    """Return `spec` with new positions for all nodes, on the grid, those inside blocks as well."""
    where = positions(spec)
    nodes = tuple(
        replace(node, position=where[node.id], subgraph=layout(node.subgraph) if node.subgraph else None)
        for node in spec.nodes
    )
    return replace(spec, nodes=nodes)


def positions(spec: NetworkSpec) -> dict[str, Position]:
    """Centres of the cards: one column per connected part, unconnected cards in a row of columns at the right."""
    graph = _Graph.of(spec)
    placed: dict[str, Position] = {}
    right = 0.0
    for part in _parts(spec, graph):
        columns = _arrange_part(graph, part)
        low = min(x for x, _ in columns.values())
        shift = 0.0 if not placed else right + NODE_WIDTH + 2 * GAP - low
        for id, (x, row) in columns.items():
            placed[id] = (_snap(x + shift), float(row * ROW))
        right = max(x for x, _ in placed.values())
    return placed


@dataclass
class _Graph:
    """The network without cycles: neighbours in drawing order, and the row of every node."""

    after: dict[str, list[str]]
    before: dict[str, list[str]]
    index: dict[tuple[str, str], int]
    inputs: frozenset[str]
    rows: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: NetworkSpec) -> _Graph:
        ids = [node.id for node in spec.nodes]
        raw: dict[str, list[str]] = {id: [] for id in ids}
        index: dict[tuple[str, str], int] = {}
        for number, edge in enumerate(spec.edges):
            pair = (edge.source, edge.target)
            if edge.source in raw and edge.target in raw and edge.source != edge.target and pair not in index:
                raw[edge.source].append(edge.target)
                index[pair] = number
        back = _back_edges(ids, raw)
        after: dict[str, list[str]] = {id: [] for id in ids}
        before: dict[str, list[str]] = {id: [] for id in ids}
        for (source, target), number in list(index.items()):
            one, other = (target, source) if (source, target) in back else (source, target)
            index.setdefault((one, other), number)
            if other not in after[one]:
                after[one].append(other)
                before[other].append(one)
        graph = cls(after, before, index, frozenset(node.id for node in spec.nodes if node.type == INPUT))
        graph.rows = _rows(ids, after, before)
        return graph

    def lane(self, id: str) -> range:
        """The rows that the long edges out of `id` pass, perhaps none."""
        last = max((self.rows[target] for target in self.after[id]), default=0)
        return range(self.rows[id] + 1, last)


def _back_edges(ids: Iterable[str], after: Mapping[str, list[str]]) -> set[tuple[str, str]]:
    """Edges that close a cycle, found by a depth-first walk without recursion."""
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for root in ids:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            id, rest = stack[-1]
            for target in rest:
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(after[target])))
                    break
                if state[target] == 1:
                    back.add((id, target))
            else:
                state[id] = 2
                stack.pop()
    return back


def _rows(ids: list[str], after: Mapping[str, list[str]], before: Mapping[str, list[str]]) -> dict[str, int]:
    waiting = {id: len(before[id]) for id in ids}
    ready = deque(id for id in ids if not waiting[id])
    rows: dict[str, int] = dict.fromkeys(ready, 0)
    order: list[str] = []
    while ready:
        id = ready.popleft()
        order.append(id)
        for target in after[id]:
            rows[target] = max(rows.get(target, 0), rows[id] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for id in order:  # a second source stands right above the first card that uses it
        if not before[id] and after[id]:
            rows[id] = max(rows[id], min(rows[target] for target in after[id]) - 1)
    return rows


def _parts(spec: NetworkSpec, graph: _Graph) -> list[list[str]]:
    """Connected parts in drawing order, those that hold an Input first and single cards last."""
    seen: set[str] = set()
    parts: list[list[str]] = []
    for node in spec.nodes:
        if node.id in seen:
            continue
        seen.add(node.id)
        part, queue = [], deque([node.id])
        while queue:
            id = queue.popleft()
            part.append(id)
            for other in (*graph.after[id], *graph.before[id]):
                if other not in seen:
                    seen.add(other)
                    queue.append(other)
        parts.append(part)
    return sorted(parts, key=lambda part: (len(part) == 1, not any(id in graph.inputs for id in part)))


def _arrange_part(graph: _Graph, part: list[str]) -> dict[str, tuple[float, int]]:
    elements: list[Element] = []
    for id in part:
        elements.append((id, False))
        if graph.lane(id):
            elements.append((id, True))
    piece = _arrange(graph, elements, 0)
    top = min(graph.rows[id] for id in part)
    return {id: (x, graph.rows[id] - top) for (id, lane), x in piece.x.items() if not lane}


@dataclass
class _Piece:
    """Elements with their x, and how far they reach to the left and right in each row."""

    x: dict[Element, float] = field(default_factory=dict)
    reach: dict[int, tuple[float, float]] = field(default_factory=dict)

    def put(self, graph: _Graph, element: Element, x: float) -> None:
        self.x[element] = x
        half = LANE / 2 if element[1] else (NODE_WIDTH + GAP) / 2
        for row in _rows_of(graph, element):
            low, high = self.reach.get(row, (x, x))
            self.reach[row] = (min(low, x - half), max(high, x + half))

    def push(self, other: _Piece, left: bool) -> None:
        """Move `other` from outside against this piece and take it over."""
        shared = [row for row in other.reach if row in self.reach]
        if left:
            shift = min((self.reach[row][0] - other.reach[row][1] for row in shared), default=0.0)
        else:
            shift = max((self.reach[row][1] - other.reach[row][0] for row in shared), default=0.0)
        for element, x in other.x.items():
            self.x[element] = x + shift
        for row, (low, high) in other.reach.items():
            mine = self.reach.get(row, (low + shift, high + shift))
            self.reach[row] = (min(mine[0], low + shift), max(mine[1], high + shift))


def _rows_of(graph: _Graph, element: Element) -> range:
    id, lane = element
    return graph.lane(id) if lane else range(graph.rows[id], graph.rows[id] + 1)


def _arrange(graph: _Graph, elements: list[Element], depth: int) -> _Piece:
    members = set(elements)
    spine = _spine(graph, elements, members) if depth < _DEPTH else elements[:1]
    piece = _Piece()
    for element in spine:
        piece.put(graph, element, 0.0)
    on_spine = set(spine)
    rest = [element for element in elements if element not in on_spine]
    groups = _groups(graph, rest) if depth < _DEPTH else [[element] for element in rest]
    sides = [(group, *_side(graph, group, on_spine, spine)) for group in groups]
    sides.sort(key=lambda entry: (_span(graph, entry[0]), entry[2]))
    for group, left, _ in sides:
        piece.push(_arrange(graph, group, depth + 1), left)
    return piece


def _next(graph: _Graph, element: Element) -> Iterable[Element]:
    id, lane = element
    row = graph.rows[id]
    if lane:
        return [(target, False) for target in graph.after[id] if graph.rows[target] > row + 1]
    near = [(target, False) for target in graph.after[id] if graph.rows[target] == row + 1]
    return [*near, (id, True)] if graph.lane(id) else near


def _spine(graph: _Graph, elements: list[Element], members: set[Element]) -> list[Element]:
    """The path with the most cards, then the most rows; of equal branches the middle one."""
    best: dict[Element, tuple[int, int]] = {}
    follow: dict[Element, Element | None] = {}
    for element in sorted(elements, key=lambda e: (graph.rows[e[0]], e[1]), reverse=True):
        own = (0, len(graph.lane(element[0]))) if element[1] else (1, 1)
        options = [other for other in _next(graph, element) if other in members]
        top = max((best[other] for other in options), default=(0, 0))
        equal = [other for other in options if best[other] == top]
        follow[element] = equal[(len(equal) - 1) // 2] if equal else None
        best[element] = (own[0] + top[0], own[1] + top[1])
    starts = max((best[e], e[0] in graph.inputs) for e in elements)
    equal = [e for e in elements if (best[e], e[0] in graph.inputs) == starts]
    path: list[Element] = []
    at: Element | None = equal[(len(equal) - 1) // 2]
    while at is not None:
        path.append(at)
        at = follow[at]
    return path


def _groups(graph: _Graph, rest: list[Element]) -> list[list[Element]]:
    members = set(rest)
    beside: dict[Element, list[Element]] = {element: [] for element in rest}
    for element in rest:
        for other in _next(graph, element):
            if other in members:
                beside[element].append(other)
                beside[other].append(element)
    seen: set[Element] = set()
    groups: list[list[Element]] = []
    for element in rest:
        if element in seen:
            continue
        seen.add(element)
        group, queue = [], deque([element])
        while queue:
            at = queue.popleft()
            group.append(at)
            fresh = [other for other in beside[at] if other not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        groups.append(group)
    return groups


def _span(graph: _Graph, group: list[Element]) -> int:
    rows = [row for element in group for row in (_rows_of(graph, element)[0], _rows_of(graph, element)[-1])]
    return max(rows) - min(rows)


def _side(graph: _Graph, group: list[Element], on_spine: set[Element], spine: list[Element]) -> tuple[bool, int]:
    """Left when its edge where it meets the spine comes before the spine's own; and how far the two are apart."""
    cards = [id for id, lane in spine if not lane]
    below = dict(pairwise(cards))
    above = {lower: upper for upper, lower in below.items()}
    ids = {id for id, _ in group}
    numbers = [0]
    for id in sorted(ids):
        for target in graph.after[id]:
            if (target, False) in on_spine and target in above and target not in ids:
                return _before(graph.index[(id, target)], graph.index.get((above[target], target)))
            numbers.append(graph.index[(id, target)])
    for id in sorted(ids):
        for source in graph.before[id]:
            if source in below:
                return _before(graph.index[(source, id)], graph.index.get((source, below[source])))
    return False, max(numbers)


def _before(own: int, other: int | None) -> tuple[bool, int]:
    return (False, own) if other is None else (own < other, abs(own - other))


def _snap(value: float) -> float:
    return float(round(value / GRID) * GRID)
