"""The drawing rules: rows go down, the main path is straight, branches stand beside it, nothing overlaps."""

from __future__ import annotations

import random

import pytest

from engine.graph.layout import GRID, NODE_HEIGHT, NODE_WIDTH, ROW, layout, positions
from engine.graph.spec import BLOCK, EdgeSpec, NetworkSpec, NodeSpec


def network(nodes: str, edges: str) -> NetworkSpec:
    """ "a b c" and "a-b b-c" as a network; names that start with "in" are inputs."""
    return NetworkSpec(
        nodes=tuple(NodeSpec(id, "Input" if id.startswith("in") else "ReLU") for id in nodes.split()),
        edges=tuple(EdgeSpec(*pair.split("-")) for pair in edges.split()),
    )


def overlaps(where: dict[str, tuple[float, float]]) -> list[tuple[str, str]]:
    ids = sorted(where)
    return [
        (a, b)
        for i, a in enumerate(ids)
        for b in ids[i + 1 :]
        if abs(where[a][0] - where[b][0]) < NODE_WIDTH and abs(where[a][1] - where[b][1]) < NODE_HEIGHT
    ]


def test_a_chain_is_one_straight_column() -> None:
    where = positions(network("input1 a b c", "input1-a a-b b-c"))
    assert where == {"input1": (0, 0), "a": (0, ROW), "b": (0, 2 * ROW), "c": (0, 3 * ROW)}


def test_a_shortcut_leaves_the_main_path_straight() -> None:
    where = positions(network("input1 a b add out", "input1-a a-b b-add input1-add add-out"))
    assert {x for x, _ in where.values()} == {0}


def test_branches_stand_side_by_side_in_the_order_of_the_merge() -> None:
    where = positions(
        network(
            "input1 b1 b2a b2b b3a b3b b3c b4 cat",
            "input1-b1 input1-b2a b2a-b2b input1-b3a b3a-b3b b3b-b3c input1-b4 b1-cat b2b-cat b3c-cat b4-cat",
        )
    )
    assert where["b1"][0] < where["b2a"][0] < where["b3a"][0] < where["b4"][0]
    assert where["b1"][1] == where["b2a"][1] == where["b3a"][1] == where["b4"][1]
    assert where["input1"][0] == where["b3a"][0] == where["b3b"][0] == where["cat"][0]
    assert where["b2a"][0] == where["b2b"][0]
    assert not overlaps(where)


def test_of_equal_branches_the_middle_one_is_the_main_path() -> None:
    where = positions(network("input1 a b c add", "input1-a input1-b input1-c a-add b-add c-add"))
    assert where["a"][0] < where["b"][0] == where["input1"][0] < where["c"][0]
    assert -where["a"][0] == where["c"][0]


def test_a_second_input_stands_right_above_what_it_feeds() -> None:
    where = positions(network("input1 a b add input2", "input1-a a-b b-add input2-add"))
    assert where["input2"][1] == where["b"][1]
    assert where["input2"][0] != where["b"][0]


def test_unconnected_cards_do_not_lie_on_the_network() -> None:
    where = positions(network("stray1 input1 a stray2", "input1-a"))
    assert where["input1"] == (0, 0)
    assert not overlaps(where)


@pytest.mark.parametrize("edges", ["a-b b-a", "a-a", "a-b b-c c-b", ""])
def test_cycles_and_empty_drawings_have_places_too(edges: str) -> None:
    where = positions(network("a b c", edges))
    assert set(where) == {"a", "b", "c"}
    assert not overlaps(where)
    assert positions(NetworkSpec()) == {}


@pytest.mark.parametrize("seed", range(6))
def test_random_drawings_go_down_and_never_overlap(seed: int) -> None:
    draw = random.Random(seed)
    ids = [f"n{i}" for i in range(draw.randint(2, 90))]
    pairs = {tuple(sorted(draw.sample(range(len(ids)), 2))) for _ in range(draw.randint(1, 160))}
    spec = network(" ".join(ids), " ".join(f"n{a}-n{b}" for a, b in sorted(pairs)))
    where = positions(spec)
    assert not overlaps(where)
    assert all(where[edge.source][1] < where[edge.target][1] for edge in spec.edges)
    assert all(x % GRID == 0 and y % GRID == 0 for x, y in where.values())


def test_the_inside_of_a_block_is_laid_out_as_well() -> None:
    inner = network("in1 a out1", "in1-a a-out1")
    spec = NetworkSpec(nodes=(NodeSpec("block1", BLOCK, subgraph=inner),))
    placed = layout(spec).node("block1").subgraph
    assert placed is not None
    assert [node.position for node in placed.nodes] == [(0, 0), (0, ROW), (0, 2 * ROW)]
    assert placed.edges == inner.edges
