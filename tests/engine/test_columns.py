"""Columns for a slide: nothing overlaps, each column reads down, and the whole has about the wanted shape."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from engine.gallery import open_network
from engine.graph.columns import in_columns
from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH, layout
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec


@pytest.mark.parametrize("id", ["googlenet", "densenet121", "mobilenet_v2", "vgg16"])
def test_long_networks_become_about_as_wide_as_a_slide(id: str) -> None:
    spec = in_columns(open_network(id))
    places = [node.position for node in spec.nodes]
    for a, b in combinations(places, 2):
        assert abs(a[0] - b[0]) >= NODE_WIDTH or abs(a[1] - b[1]) >= NODE_HEIGHT
    width = max(x for x, _ in places) - min(x for x, _ in places) + NODE_WIDTH
    height = max(y for _, y in places) - min(y for _, y in places) + NODE_HEIGHT
    assert 1.0 < width / height < 2.7
    assert min(y for _, y in places) == 0


def test_a_chain_goes_on_at_the_top_of_the_next_column() -> None:
    spec = in_columns(open_network("vgg16"))
    order = [node.position for node in spec.nodes]
    for (x0, y0), (x1, y1) in pairwise(order):
        assert (x1 == x0 and y1 > y0) or (x1 > x0 and y1 == 0)


def test_only_places_change() -> None:
    spec = open_network("unet")
    columns = in_columns(spec)
    assert columns.edges == spec.edges
    assert [node.id for node in columns.nodes] == [node.id for node in spec.nodes]


def test_columns_are_cut_only_where_a_single_edge_passes() -> None:
    assert in_columns(open_network("unet")) == layout(open_network("unet"))  # its shortcuts leave no such place
    ids = [f"n{number}" for number in range(20)]
    chain = [EdgeSpec(one, other) for one, other in pairwise(ids)]
    skips = [EdgeSpec("n1", "n11"), EdgeSpec("n3", "n11")]  # nothing may be cut between n1 and n11
    spec = NetworkSpec("Skips", tuple(NodeSpec(id, "Add") for id in ids), (*chain, *skips))
    first = [node.id for node in in_columns(spec).nodes if node.position[0] < NODE_WIDTH]
    assert 12 <= len(first) < 20
    assert first == ids[: len(first)]


def test_a_short_network_stays_in_one_column() -> None:
    spec = NetworkSpec("Short", open_network("lenet5").nodes[:2])
    assert in_columns(spec) == layout(spec)
