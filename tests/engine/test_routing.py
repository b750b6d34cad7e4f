"""Edges never run through cards, whatever the drawing, and edges from different ports do not share a lane."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest

from engine.gallery import open_network
from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH, layout
from engine.graph.routing import Route, Router, Wire, card
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec

Point = tuple[float, float]


def routes_of(spec: NetworkSpec) -> dict[EdgeSpec, Route]:
    where = {node.id: node.position for node in spec.nodes}
    wires = [
        Wire(
            edge,
            edge.source,
            (where[edge.source][0], where[edge.source][1] + NODE_HEIGHT / 2),
            (where[edge.target][0], where[edge.target][1] - NODE_HEIGHT / 2),
        )
        for edge in spec.edges
    ]
    return Router(card(*at) for at in where.values()).route_all(wires)  # type: ignore[return-value]


def crossed(route: Route, spec: NetworkSpec, edge: EdgeSpec) -> list[str]:
    """Cards, but for those at its ends, that the way enters; sampled every two units."""
    flat = []
    for one, two in pairwise(route.points()):
        steps = max(1, int((abs(one[0] - two[0]) + abs(one[1] - two[1])) / 2))
        flat.extend(
            (one[0] + (two[0] - one[0]) * i / steps, one[1] + (two[1] - one[1]) * i / steps) for i in range(steps + 1)
        )
    return [
        node.id
        for node in spec.nodes
        if node.id not in (edge.source, edge.target)
        and any(
            abs(x - node.position[0]) < NODE_WIDTH / 2 - 1 and abs(y - node.position[1]) < NODE_HEIGHT / 2 - 1
            for x, y in flat
        )
    ]


def random_network(seed: int) -> NetworkSpec:
    draw = random.Random(seed)
    ids = [f"n{i}" for i in range(draw.randint(4, 60))]
    pairs = {tuple(sorted(draw.sample(range(len(ids)), 2))) for _ in range(draw.randint(3, 100))}
    return NetworkSpec(
        nodes=tuple(NodeSpec(id, "ReLU") for id in ids), edges=tuple(EdgeSpec(ids[a], ids[b]) for a, b in sorted(pairs))
    )


@pytest.mark.parametrize("id", ["lenet5", "lenet5_modern", "alexnet", "resnet18", "perceptron"])
def test_gallery_networks_have_clear_edges(id: str) -> None:
    spec = open_network(id)
    assert not [(edge, hit) for edge, way in routes_of(spec).items() if (hit := crossed(way, spec, edge))]


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_have_clear_edges(seed: int) -> None:
    spec = layout(random_network(seed))
    assert not [(edge, hit) for edge, way in routes_of(spec).items() if (hit := crossed(way, spec, edge))]


@pytest.mark.parametrize("reach", [2, 3, 5])
def test_lanes_of_different_sources_stay_apart(reach: int) -> None:
    ids = [f"n{i}" for i in range(16)]
    skips = [EdgeSpec(ids[i], ids[i + reach]) for i in range(16 - reach)]
    chain = [EdgeSpec(a, b) for a, b in pairwise(ids)]
    spec = layout(NetworkSpec(nodes=tuple(NodeSpec(id, "Add") for id in ids), edges=(*chain, *skips)))
    lanes = [way for way in routes_of(spec).values() if way.lane is not None]
    assert len(lanes) == len(skips)
    for a, b in combinations(lanes, 2):
        beside = a.start[1] < b.end[1] and b.start[1] < a.end[1]
        assert not beside or abs((a.lane or 0) - (b.lane or 0)) >= 8


def test_a_shortcut_runs_beside_the_cards_it_passes() -> None:
    spec = layout(
        NetworkSpec(
            nodes=tuple(NodeSpec(id, "ReLU") for id in "abc"),
            edges=(EdgeSpec("a", "b"), EdgeSpec("b", "c"), EdgeSpec("a", "c")),
        )
    )
    ways = routes_of(spec)
    assert ways[EdgeSpec("a", "b")].lane is None
    assert abs(ways[EdgeSpec("a", "c")].lane or 0) > NODE_WIDTH / 2


def test_an_edge_upwards_goes_round() -> None:
    spec = NetworkSpec(
        nodes=(NodeSpec("a", "ReLU", position=(0, 200)), NodeSpec("b", "ReLU", position=(0, 0))),
        edges=(EdgeSpec("a", "b"),),
    )
    way = routes_of(spec)[spec.edges[0]]
    assert abs(way.lane or 0) > NODE_WIDTH / 2
    assert min(y for _, y in way.points()) < -NODE_HEIGHT / 2
