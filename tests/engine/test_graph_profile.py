"""Measured times per layer, differences between designs, and inputs to try a network with."""

from __future__ import annotations

import pickle

import pytest
import torch

from engine.cancel import CancelSource
from engine.errors import JobCancelled
from engine.events import Event, Progress
from engine.gallery import open_network
from engine.gallery.base import Drawing
from engine.graph import edits
from engine.graph.difference import difference
from engine.graph.example import example_inputs
from engine.graph.profile import ProfileJob
from engine.graph.spec import EdgeSpec, NodeSpec


def heavy_and_light() -> ProfileJob:
    net = Drawing("Uneven")
    block = Drawing("Work")
    inside = block.output(
        block.node("Conv2d", "wide", block.input(32, 48, 48), out_channels=64, kernel_size=5, padding=2)
    )
    first = net.node("Conv2d", "thin", net.input(3, 48, 48), out_channels=32, kernel_size=1)
    return ProfileJob(net.output(net.block("work", inside, first)), batch=2, device="cpu", rounds=3)


def test_the_profile_finds_where_the_time_goes() -> None:
    job = pickle.loads(pickle.dumps(heavy_and_light()))
    events: list[Event] = []
    profile = job(events.append, CancelSource().token)
    assert set(profile.layers) == {"thin", "work", "work.wide"}
    assert profile.layers["work.wide"] > 3 * profile.layers["thin"]
    assert profile.layers["work"] >= profile.layers["work.wide"]
    assert profile.pictures_per_second == pytest.approx(2 / profile.seconds)
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    assert events[-1] == Progress("Measuring", 7, 7)


def test_a_profile_can_be_cancelled() -> None:
    source = CancelSource()
    with pytest.raises(JobCancelled):
        heavy_and_light()(lambda event: source.cancel(), source.token)


def test_the_same_design_has_no_difference() -> None:
    spec = open_network("resnet18")
    assert difference(spec, edits.move(spec, {"conv1": (5.0, 5.0)})).is_empty


def test_what_came_went_and_changed_is_named() -> None:
    spec = open_network("lenet5_modern")
    first = spec.nodes[1].id
    changed = edits.set_params(spec, first, out_channels=12)
    assert difference(spec, changed).changed == {first: {"out_channels": (6, 12)}}
    edge = spec.edges[0]
    more = edits.insert_on_edge(spec, edge, NodeSpec("norm", "BatchNorm2d"))
    found = difference(spec, more)
    assert (found.added, found.removed) == (("norm",), ())
    assert found.edges_removed == {"": (edge,)}
    assert set(found.edges_added[""]) == {EdgeSpec(edge.source, "norm"), EdgeSpec("norm", edge.target)}
    back = difference(more, spec)
    assert (back.added, back.removed) == ((), ("norm",))


def test_a_new_name_is_not_a_new_node() -> None:
    spec = open_network("lenet5_modern")
    ids = [node.id for node in spec.nodes if node.type not in ("Input", "Output")]
    other = spec
    for id in ids[:3]:
        other = edits.rename(other, id, f"{id}_b")
    found = difference(spec, other)
    assert dict(found.renamed) == {id: f"{id}_b" for id in ids[:3]}
    assert not [*found.added, *found.removed, *found.edges_added, *found.edges_removed]


def test_changes_inside_blocks_have_their_path() -> None:
    spec = open_network("resnet18")
    block = next(node for node in spec.nodes if node.subgraph is not None)
    inner = next(node for node in block.subgraph.nodes if node.type != "Input")
    path = block.id
    while inner.subgraph is not None:
        path = f"{path}.{inner.id}"
        inner = next(node for node in inner.subgraph.nodes if node.type == "Conv2d")
    changed = edits.inside(spec, path, lambda net: edits.set_params(net, inner.id, dilation=2))
    assert set(difference(spec, changed).changed) == {f"{path}.{inner.id}"}


def test_example_inputs_are_of_the_kind_that_is_read() -> None:
    spec = open_network("lenet5_modern")
    (picture,) = example_inputs(spec, batch=3)
    assert picture.shape == (3, 1, 32, 32)
    assert torch.equal(picture, example_inputs(spec, batch=3)[0])
    assert not torch.equal(picture, example_inputs(spec, batch=3, seed=1)[0])
