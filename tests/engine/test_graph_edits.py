"""Edits do what they say, refuse what cannot be drawn, and leave the old network as it was."""

from __future__ import annotations

import copy as std
import pickle
import random
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest
from torch import nn

from engine.errors import BadInput
from engine.graph import edits
from engine.graph.ids import MODULE_ATTRIBUTES, why_not
from engine.graph.spec import EdgeSpec, GroupSpec, NetworkSpec, NodeSpec, to_json
from engine.graph.topology import inline


def chain(*types: str) -> NetworkSpec:
    """Nodes a, b, c, ... of these types, in a row."""
    ids = "abcdefgh"[: len(types)]
    nodes = tuple(
        NodeSpec(id, type, position=(0, 100 * n)) for n, (id, type) in enumerate(zip(ids, types, strict=True))
    )
    return NetworkSpec("chain", nodes, tuple(EdgeSpec(*pair) for pair in pairwise(ids)))


def pairs(spec: NetworkSpec) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in spec.edges]


def test_reserved_ids_are_the_module_attributes_of_the_installed_pytorch() -> None:
    assert {name for name in dir(nn.Module()) if not name.startswith("_")} == MODULE_ATTRIBUTES


@pytest.mark.parametrize("id", ["2x", "a b", "class", "train", "forward", "_x", "größe", "", "self", "module_of"])
def test_an_id_that_cannot_name_a_submodule_is_refused(id: str) -> None:
    assert why_not(id)
    with pytest.raises(BadInput):
        edits.add_node(NetworkSpec(), NodeSpec(id, "ReLU"))


def test_fresh_ids_count_up() -> None:
    spec = NetworkSpec()
    for expected in ("conv2d1", "conv2d2", "conv2d3"):
        id = edits.fresh_id(spec, "Conv2d")
        assert id == expected
        spec = edits.add_node(spec, NodeSpec(id, "Conv2d"))
    assert edits.fresh_id(edits.remove(spec, ["conv2d2"]), "Conv2d") == "conv2d2"


def test_connect_replaces_in_place_on_a_single_port_and_adds_on_a_variadic_one() -> None:
    spec = chain("Input", "ReLU", "Add", "Output")
    spec = edits.add_node(spec, NodeSpec("e", "Tanh"))
    replaced = edits.connect(spec, EdgeSpec("e", "b"))
    assert pairs(replaced) == [("e", "b"), ("b", "c"), ("c", "d")]
    added = edits.connect(spec, EdgeSpec("e", "c"))
    assert pairs(added) == [("a", "b"), ("b", "c"), ("c", "d"), ("e", "c")]
    assert edits.connect(added, EdgeSpec("e", "c")) is added


@pytest.mark.parametrize(
    "edge",
    [
        EdgeSpec("a", "zz"),
        EdgeSpec("d", "b"),
        EdgeSpec("a", "b", "side"),
        EdgeSpec("b", "a"),
        EdgeSpec("a", "b", "out", "x"),
    ],
)
def test_an_edge_to_nowhere_is_refused(edge: EdgeSpec) -> None:
    with pytest.raises(BadInput):
        edits.connect(chain("Input", "ReLU", "Add", "Output"), edge)


def test_a_circle_may_be_drawn() -> None:
    spec = edits.connect(chain("Input", "Add", "ReLU"), EdgeSpec("c", "b"))
    assert pairs(spec)[-1] == ("c", "b")


def test_removing_with_healing_joins_the_neighbours_and_keeps_the_order_of_branches() -> None:
    spec = chain("Input", "ReLU", "Concatenate", "Output")
    spec = edits.connect(spec, EdgeSpec("a", "c"))
    assert pairs(edits.remove(spec, ["b"])) == [("c", "d"), ("a", "c")]
    assert pairs(edits.remove(spec, ["b"], heal=True)) == [("a", "c"), ("c", "d")]
    both = edits.remove(chain("Input", "ReLU", "Tanh", "Output"), ["b", "c"], heal=True)
    assert pairs(both) == [("a", "d")]


def test_inserting_on_an_edge_keeps_its_place_among_the_branches() -> None:
    spec = edits.connect(chain("Input", "ReLU", "Concatenate"), EdgeSpec("a", "c"))
    spec = edits.insert_on_edge(spec, EdgeSpec("b", "c"), NodeSpec("n", "Tanh"))
    assert [edge.source for edge in spec.edges_into["c"]] == ["n", "a"]
    with pytest.raises(BadInput, match="cannot stand on an edge"):
        edits.insert_on_edge(spec, EdgeSpec("a", "b"), NodeSpec("m", "Input"))


def test_parameters_are_set_and_reset() -> None:
    spec = edits.set_params(chain("Input", "Conv2d"), "b", kernel_size=5, id=3)
    assert spec.node("b").params == {"kernel_size": 5, "id": 3}
    assert edits.reset_param(spec, "b", "kernel_size").node("b").params == {"id": 3}


def test_renaming_reaches_edges_and_groups() -> None:
    spec = edits.set_groups(chain("Input", "ReLU", "Output"), [GroupSpec("g", "G", ("a", "b"))])
    spec = edits.rename(spec, "b", "bend")
    assert pairs(spec) == [("a", "bend"), ("bend", "c")]
    assert spec.groups[0].nodes == ("a", "bend")
    with pytest.raises(BadInput, match="already has"):
        edits.rename(spec, "bend", "a")


def test_a_copy_keeps_inner_edges_and_gets_new_names_when_pasted() -> None:
    spec = edits.set_groups(chain("Input", "ReLU", "Tanh", "Output"), [GroupSpec("g1", "G", ("b", "c"))])
    spec = edits.rename(edits.rename(spec, "b", "act1"), "c", "act2")
    fragment = edits.copy(spec, ["act2", "act1"])
    pasted, ids = edits.paste(spec, fragment, (10, 20))
    assert ids == ("act3", "act4")
    assert pairs(pasted)[-1] == ("act3", "act4")
    assert pasted.node("act3").position == (10, 120)
    assert [group.nodes for group in pasted.groups] == [("act1", "act2"), ("act3", "act4")]
    assert len({group.id for group in pasted.groups}) == 2


def test_aligning_and_distributing() -> None:
    spec = edits.move(chain("Input", "ReLU", "Tanh"), {"a": (0, 0), "b": (30, 10), "c": (60, 100)})
    assert {n.position[0] for n in edits.align(spec, "abc", "left").nodes} == {0}
    assert {n.position[0] for n in edits.align(spec, "abc", "centre").nodes} == {30}
    assert {n.position[1] for n in edits.align(spec, "abc", "bottom").nodes} == {100}
    assert edits.distribute(spec, "abc", "vertical").node("b").position == (30, 50)
    for edit in (lambda: edits.align(spec, "a", "left"), lambda: edits.align(spec, "abc", "up")):
        with pytest.raises(BadInput):
            edit()


def test_swapping_the_type_keeps_edges_that_still_fit() -> None:
    spec = edits.connect(chain("Input", "ReLU", "Add", "Output"), EdgeSpec("a", "c"))
    swapped = edits.swap_type(spec, "c", "Tanh")
    assert [edge.source for edge in swapped.edges_into["c"]] == ["b"]
    assert pairs(edits.swap_type(spec, "c", "Concatenate")) == pairs(spec)


def test_nodes_become_a_block_and_come_out_again() -> None:
    spec = edits.connect(chain("Input", "ReLU", "Tanh", "Add", "Sigmoid", "Output"), EdgeSpec("a", "d"))
    packed = edits.make_block(spec, ["b", "c", "d"], "part")
    assert pairs(packed) == [("a", "part"), ("part", "e"), ("e", "f")]
    block = packed.node("part").subgraph
    assert block is not None
    assert [node.type for node in block.nodes] == ["Input", "ReLU", "Tanh", "Add", "Output"]
    flat = inline(packed)
    assert {node.id for node in flat.nodes} == {"a", "part.b", "part.c", "part.d", "e", "f"}
    assert [edge.source for edge in flat.edges_into["part.d"]] == ["part.c", "a"]
    loose = edits.detach_block(packed, "part")
    assert [edge.source for edge in loose.edges_into["part_d"]] == ["part_c", "a"]
    assert [edge.source for edge in loose.edges_into["e"]] == ["part_d"]
    with pytest.raises(BadInput, match="comes back"):
        edits.make_block(spec, ["b", "d"], "part")


def test_an_edit_inside_a_block() -> None:
    packed = edits.make_block(chain("Input", "ReLU", "Tanh", "Output"), ["b", "c"], "part")
    edited = edits.inside(packed, "part", lambda inner: edits.swap_type(inner, "b", "GELU"))
    assert edited.node("part").subgraph.node("b").type == "GELU"  # type: ignore[union-attr]
    with pytest.raises(BadInput, match="not a block"):
        edits.inside(packed, "a", lambda inner: inner)


def test_edits_and_declarations_need_no_torch() -> None:
    code = (
        "import sys; import engine.graph.edits, engine.graph.topology, engine.graph.results, engine.graph.repairs;"
        "from engine.layers.base import LAYERS; len(LAYERS); print('torch' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


# --- 2,000 random edits against a model that is written the plain way: dictionaries that change in place ------------

TYPES = ("Conv2d", "ReLU", "Add", "Linear", "Concatenate", "Flatten", "Output", "Input")
VARIADIC = ("Add", "Concatenate")


class Model:
    """The same network as mutable dictionaries; its history is a list of copies."""

    def __init__(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[tuple[str, str]] = []
        self.groups: list[list[str]] = []

    def plain(self) -> dict[str, Any]:
        return {
            "nodes": [(id, n["type"], n["params"], n["at"]) for id, n in self.nodes.items()],
            "edges": self.edges,
            "groups": self.groups,
        }


def plain(spec: NetworkSpec) -> dict[str, Any]:
    return {
        "nodes": [(n.id, n.type, dict(n.params), n.position) for n in spec.nodes],
        "edges": [(e.source, e.target) for e in spec.edges],
        "groups": [list(g.nodes) for g in spec.groups],
    }


def random_edit(rng: random.Random, spec: NetworkSpec, model: Model) -> NetworkSpec:
    """Make one edit on both, and return the new spec. The model's half knows nothing of `engine.graph.edits`."""
    ids = list(model.nodes)
    kind = rng.choice(["add", "add", "connect", "connect", "connect", "remove", "insert", "set", "move", "rename",
                       "disconnect", "swap", "paste", "group", "heal"])  # fmt: skip
    if kind == "add" or not ids:
        type = rng.choice(TYPES)
        id = next(f"{type.lower()}{n}" for n in range(1, 10_000) if f"{type.lower()}{n}" not in model.nodes)
        at = (float(rng.randrange(1000)), float(rng.randrange(1000)))
        model.nodes[id] = {"type": type, "params": {}, "at": at}
        assert edits.fresh_id(spec, type) == id
        return edits.add_node(spec, NodeSpec(id, type, {}, at))
    one = rng.choice(ids)
    if kind == "connect":
        other = rng.choice(ids)
        if model.nodes[one]["type"] == "Output" or model.nodes[other]["type"] == "Input":
            with pytest.raises(BadInput):
                edits.connect(spec, EdgeSpec(one, other))
            return spec
        if (one, other) not in model.edges:
            old = next((n for n, edge in enumerate(model.edges) if edge[1] == other), None)
            if old is None or model.nodes[other]["type"] in VARIADIC:
                model.edges.append((one, other))
            else:
                model.edges[old] = (one, other)
        return edits.connect(spec, EdgeSpec(one, other))
    if kind in ("remove", "heal"):
        if kind == "heal":
            feeding = [a for a, b in model.edges if b == one and a != one]
            if feeding:
                model.edges = [(feeding[0], b) if a == one and b != one else (a, b) for a, b in model.edges]
                model.edges = list(dict.fromkeys(model.edges))
        del model.nodes[one]
        model.edges = [(a, b) for a, b in model.edges if one not in (a, b)]
        model.groups = [left for group in model.groups if (left := [id for id in group if id != one])]
        return edits.remove(spec, [one], heal=kind == "heal")
    if kind == "set":
        value = rng.randrange(1, 9)
        model.nodes[one]["params"]["out_channels"] = value
        return edits.set_params(spec, one, out_channels=value)
    if kind == "move":
        model.nodes[one]["at"] = (float(value := rng.randrange(500)), 7.0)
        return edits.move(spec, {one: (value, 7)})
    if kind == "rename":
        new = f"name{rng.randrange(10_000)}"
        if new in model.nodes:
            return spec
        model.nodes = {new if id == one else id: node for id, node in model.nodes.items()}
        model.edges = [(new if a == one else a, new if b == one else b) for a, b in model.edges]
        model.groups = [[new if id == one else id for id in group] for group in model.groups]
        return edits.rename(spec, one, new)
    if kind == "group":
        some = rng.sample(ids, min(3, len(ids)))
        model.groups.append(some)
        groups = (*spec.groups, GroupSpec(f"g{rng.random()}", "some", tuple(some)))
        return edits.set_groups(spec, groups)
    if kind == "paste":
        some = sorted(rng.sample(ids, min(2, len(ids))), key=ids.index)
        new, names = edits.paste(spec, edits.copy(spec, some), (1, 2))
        for old, name in zip(some, names, strict=True):
            node = std.deepcopy(model.nodes[old])
            node["at"] = (node["at"][0] + 1, node["at"][1] + 2)
            assert name not in model.nodes
            model.nodes[name] = node
        called = dict(zip(some, names, strict=True))
        model.edges += [(called[a], called[b]) for a, b in model.edges if a in called and b in called]
        model.groups += [[called[id] for id in g] for g in model.groups if g and set(g) <= set(called)]
        return new
    if not model.edges:
        return spec
    place = rng.randrange(len(model.edges))
    a, b = model.edges[place]
    if kind == "disconnect":
        del model.edges[place]
        return edits.disconnect(spec, EdgeSpec(a, b))
    if kind == "insert":
        id = f"put{rng.randrange(100_000)}"
        if id in model.nodes:
            return spec
        model.nodes[id] = {"type": "ReLU", "params": {}, "at": (0.0, 0.0)}
        model.edges[place : place + 1] = [(a, id), (id, b)]
        return edits.insert_on_edge(spec, EdgeSpec(a, b), NodeSpec(id, "ReLU"))
    type = model.nodes[one]["type"]
    if type in ("Input", "Output"):
        return spec
    model.nodes[one] |= {"type": "Tanh", "params": {}}
    first = next((n for n, edge in enumerate(model.edges) if edge[1] == one), None)
    model.edges = [edge for n, edge in enumerate(model.edges) if edge[1] != one or n == first]
    return edits.swap_type(spec, one, "Tanh")


@pytest.mark.parametrize("seed", [0, 1])
def test_two_thousand_random_edits_with_undo_and_redo(seed: int) -> None:
    rng = random.Random(seed)
    spec, model = NetworkSpec(), Model()
    history = [(spec, to_json(spec), pickle.dumps(model))]
    place = 0
    for _ in range(2000):
        if rng.random() < 0.25:
            place = min(max(place + rng.choice((-3, -1, 1, 2)), 0), len(history) - 1)
            spec, model = history[place][0], pickle.loads(history[place][2])
        else:
            spec = random_edit(rng, spec, model)
            if len(spec.nodes) > 40:
                gone = list(spec.by_id)[:20]
                spec = edits.remove(spec, gone)
                model.nodes = {id: node for id, node in model.nodes.items() if id not in gone}
                model.edges = [(a, b) for a, b in model.edges if a not in gone and b not in gone]
                model.groups = [left for g in model.groups if (left := [id for id in g if id not in gone])]
            place += 1
            history[place:] = [(spec, to_json(spec), pickle.dumps(model))]
        assert plain(spec) == model.plain()
        assert all(edge.source in spec.by_id and edge.target in spec.by_id for edge in spec.edges)
        assert len(spec.by_id) == len(spec.nodes)
    for old, text, twin in history:
        assert to_json(old) == text, "an edit changed a network that was kept for undo"
        assert plain(old) == pickle.loads(twin).plain()
