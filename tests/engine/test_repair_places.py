"""Where a repair puts the cards that it adds."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.graph.layout import ROW
from engine.graph.repairs import put_between
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec


def chain(gap: float) -> NetworkSpec:
    names = [("input", "Input"), ("relu", "ReLU"), ("linear", "Linear"), ("output", "Output")]
    nodes = [NodeSpec(id, type, {}, (0.0, gap * row)) for row, (id, type) in enumerate(names)]
    edges = [EdgeSpec(one.id, other.id) for one, other in pairwise(nodes)]
    return NetworkSpec("chain", tuple(nodes), tuple(edges))


@pytest.mark.parametrize("steps", [[("Flatten", {})], [("AdaptiveAvgPool2d", {}), ("Flatten", {})]])
@pytest.mark.parametrize("gap", [80.0, ROW, 5 * ROW])
def test_inserted_cards_never_lie_on_others(steps: list[tuple[str, dict[str, object]]], gap: float) -> None:
    repaired = put_between(EdgeSpec("relu", "linear"), steps, "Insert").apply(chain(gap))
    heights = sorted(node.position[1] for node in repaired.nodes)
    assert len(heights) == 4 + len(steps)
    assert min(lower - upper for upper, lower in pairwise(heights)) >= min(gap, ROW)
    for edge in repaired.edges:
        assert repaired.node(edge.source).position[1] < repaired.node(edge.target).position[1]


def test_nothing_moves_where_there_is_room() -> None:
    before = chain(5 * ROW)
    after = put_between(EdgeSpec("relu", "linear"), [("Flatten", {})], "Insert").apply(before)
    assert all(after.node(node.id).position == node.position for node in before.nodes)
