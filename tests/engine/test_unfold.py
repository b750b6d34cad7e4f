"""Opening blocks in place: every edge that is shown is one edge of one level, nothing overlaps, and nothing moves in
the drawing itself."""

from __future__ import annotations

from itertools import combinations

import pytest

from engine.errors import BadInput
from engine.gallery import open_network
from engine.graph import edits
from engine.graph.borders import change, connect_across
from engine.graph.layout import NODE_HEIGHT, NODE_WIDTH, layout
from engine.graph.paths import common, every_block, inner, level_of, outer
from engine.graph.spec import EdgeSpec, NetworkSpec, NodeSpec
from engine.graph.unfold import End, View, unfold


def chain(*types: str) -> NetworkSpec:
    spec = NetworkSpec()
    for index, type in enumerate(types):
        spec = edits.add_node(spec, NodeSpec(edits.fresh_id(spec, type), type))
        if index:
            spec = edits.connect(spec, EdgeSpec(spec.nodes[-2].id, spec.nodes[-1].id))
    return layout(spec)


def nested() -> NetworkSpec:
    """input1 → outer(relu1 → inner(tanh1) → relu2) → flatten1 → output1."""
    core = chain("Input", "Tanh", "Output")
    middle = chain("Input", "ReLU", "ReLU", "Output")
    block = NodeSpec("inner", "Block", subgraph=core)
    middle = layout(edits.insert_on_edge(middle, EdgeSpec("relu1", "relu2"), block))
    whole = chain("Input", "Flatten", "Output")
    return layout(
        edits.insert_on_edge(whole, EdgeSpec("input1", "flatten1"), NodeSpec("outer", "Block", subgraph=middle))
    )


def cards(view: View) -> dict[str, tuple[float, float, float, float]]:
    return {
        node.id: (
            node.position[0] - NODE_WIDTH / 2,
            node.position[1] - NODE_HEIGHT / 2,
            node.position[0] + NODE_WIDTH / 2,
            node.position[1] + NODE_HEIGHT / 2,
        )
        for node in view.spec.nodes
        if node.id not in view.frames and node.id not in view.gates
    }


def overlapping(view: View) -> list[tuple[str, str]]:
    """Pairs of cards that lie on one another, and cards that stick out of their frame or into another's."""
    boxes = cards(view)
    found = [
        (a, b)
        for (a, one), (b, two) in combinations(boxes.items(), 2)
        if one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
    ]
    for id, box in boxes.items():
        for path, frame in view.frames.items():
            within = frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]
            apart = box[2] <= frame[0] or frame[2] <= box[0] or box[3] <= frame[1] or frame[3] <= box[1]
            if not (within if id.startswith(f"{path}.") else apart):
                found.append((id, path))
    return found


def test_nothing_opened_is_the_drawing_itself() -> None:
    spec = open_network("resnet18")
    view = unfold(spec)
    assert view.spec is spec
    assert set(view.routes) == set(spec.edges)


@pytest.mark.parametrize("id", ["resnet18", "lenet5", "perceptron"])
def test_opening_everything_shows_every_node_without_overlaps(id: str) -> None:
    spec = open_network(id)
    view = unfold(spec, every_block(spec))
    paths = set(every_block(spec))
    expected = set(spec.by_id) | {f"{path}.{node.id}" for path in paths for node in level_of(spec, path).nodes}
    assert set(view.spec.by_id) == expected
    assert not overlapping(view)
    assert len(view.spec.edges) == len(spec.edges) + sum(len(level_of(spec, path).edges) for path in paths)


def test_every_edge_is_one_edge_of_the_document() -> None:
    spec = nested()
    view = unfold(spec, ["outer", "outer.inner"])
    for edge, origin in view.origins.items():
        assert origin.edge in level_of(spec, origin.path).edges
        source, target = view.end(edge.source, edge.source_port, False), view.end(edge.target, edge.target_port, True)
        assert source == End(origin.path, origin.edge.source, origin.edge.source_port)
        assert target == End(origin.path, origin.edge.target, origin.edge.target_port)


def test_the_main_path_stays_straight_through_opened_blocks() -> None:
    spec = nested()
    view = unfold(spec, ["outer", "outer.inner"])
    path = ["input1", "outer.input1", "outer.relu1", "outer.inner.input1", "outer.inner.tanh1", "outer.inner.output1"]
    path += ["outer.relu2", "outer.output1", "flatten1", "output1"]
    assert {view.spec.by_id[id].position[0] for id in path} == {view.spec.by_id["input1"].position[0]}
    heights = [view.spec.by_id[id].position[1] for id in path]
    assert heights == sorted(heights)
    assert all(route.lane is None for route in view.routes.values())


def test_an_outer_block_that_is_closed_hides_what_is_opened_in_it() -> None:
    view = unfold(nested(), ["outer.inner"])
    assert set(view.spec.by_id) == {"input1", "outer", "flatten1", "output1"}
    assert view.shown_at("outer.inner.tanh1") == "outer"


def test_a_scope_shows_the_inside_with_its_ends_as_cards() -> None:
    view = unfold(nested(), (), scope="outer")
    assert set(view.spec.by_id) == {"outer.input1", "outer.relu1", "outer.inner", "outer.relu2", "outer.output1"}
    assert not view.gates
    assert view.shown_at("outer.inner.tanh1") == "outer.inner"
    assert view.shown_at("flatten1") is None


def test_places_are_found_back_in_the_drawing() -> None:
    spec = open_network("resnet18")
    view = unfold(spec, ["layer1", "layer1.block1", "layer2", "layer2.block0"])
    for node in view.spec.nodes:
        if node.id in view.frames or node.id in view.gates:
            continue
        path = node.id.rpartition(".")[0]
        assert view.in_document(path, node.position) == inner(spec, node.id).position
        assert view.level_at(node.position) == path


def test_beside_an_opened_block_cards_of_its_row_are_pushed_and_columns_stay() -> None:
    body = chain("Input", "ReLU", "Tanh", "Output")
    nodes = (
        NodeSpec("a", "ReLU", position=(0, 0)),
        NodeSpec("b", "Block", position=(0, 104), subgraph=body),
        NodeSpec("c", "ReLU", position=(208, 104)),
        NodeSpec("d", "ReLU", position=(208, 208)),
        NodeSpec("e", "ReLU", position=(0, 208)),
    )
    spec = NetworkSpec("rows", nodes)
    view = unfold(spec, ["b"])
    where = {node.id: node.position for node in view.spec.nodes}
    assert not overlapping(view)
    assert where["a"] == (0, 0)
    assert where["c"][0] == where["d"][0] > 208
    assert where["e"][0] == 0
    assert where["d"][1] == where["e"][1]
    assert where["c"][1] == where["b"][1]


def test_a_second_picture_keeps_what_did_not_change() -> None:
    spec = open_network("resnet18")
    opened = ["layer1", "layer1.block0", "layer4", "layer4.block0"]
    one = unfold(spec, opened)
    changed = edits.inside(spec, "layer4.block0", lambda level: edits.set_params(level, "conv1", kernel_size=5))
    two = unfold(changed, opened, previous=one)
    assert two.levels["layer1.block0"].level is one.levels["layer1.block0"].level
    assert two.spec.by_id["layer1.block0.conv1"] is one.spec.by_id["layer1.block0.conv1"]
    assert two.spec.by_id["layer4.block0.conv1"].params["kernel_size"] == 5
    assert two.spec == unfold(changed, opened).spec


def test_removing_a_port_inside_removes_its_edge_outside_and_keeps_the_others() -> None:
    spec = chain("Input", "ReLU", "Output")
    spec = edits.add_node(spec, NodeSpec("input2", "Input"))
    spec = edits.add_node(spec, NodeSpec("add1", "Add"))
    spec = edits.connect(edits.connect(spec, EdgeSpec("relu1", "add1")), EdgeSpec("input2", "add1"))
    spec = edits.make_block(spec, ["relu1", "add1"], "both")
    assert [edge.target_port for edge in spec.edges_into["both"]] == ["in", "input2"]
    gone = change(spec, "both", lambda level: edits.remove(level, ["input1"]))
    assert [(edge.source, edge.target_port) for edge in gone.edges_into["both"]] == [("input2", "in")]
    named = change(spec, "both", lambda level: edits.rename(level, "input2", "skip"))
    assert [(edge.source, edge.target_port) for edge in named.edges_into["both"]] == [
        ("input1", "in"),
        ("input2", "skip"),
    ]


def test_an_edge_across_borders_makes_ports_once() -> None:
    spec = edits.add_node(nested(), NodeSpec("add1", "Add", position=(400, 300)))
    made = connect_across(spec, End("outer.inner", "tanh1", "out"), End("", "add1", "in"))
    assert len(inner(made, "outer").subgraph.outputs) == 2  # type: ignore[union-attr]
    assert len(inner(made, "outer.inner").subgraph.outputs) == 1  # type: ignore[union-attr]
    (edge,) = made.edges_into["add1"]
    assert edge.source == "outer"
    assert edge.source_port == "output2"
    again = connect_across(made, End("outer.inner", "tanh1", "out"), End("", "flatten1", "in"))
    assert inner(again, "outer") == inner(made, "outer")
    inwards = connect_across(spec, End("", "input1", "out"), End("outer.inner", "tanh1", "in"))
    assert len(inner(inwards, "outer").subgraph.inputs) == 1  # type: ignore[union-attr]
    assert len(inner(inwards, "outer.inner").subgraph.inputs) == 2  # type: ignore[union-attr]


def test_a_block_is_not_connected_with_its_own_inside() -> None:
    with pytest.raises(BadInput, match="inside outer"):
        connect_across(nested(), End("outer", "relu1", "out"), End("", "outer", "in"))


def test_paths() -> None:
    assert list(outer("a.b.c")) == ["a", "a.b"]
    assert common(["a.b", "a.c"]) == "a"
    assert common(["a", ""]) == ""
    assert list(every_block(nested())) == ["outer", "outer.inner"]
