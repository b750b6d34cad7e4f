"""Kinds of planted faults: edges and nodes that are missing, doubled, misspelt or in a circle."""

from __future__ import annotations

import random
from dataclasses import replace

from engine.graph import edits
from engine.graph.ports import input_ports, is_variadic, output_ports
from engine.graph.spec import BLOCK, INPUT, OUTPUT, EdgeSpec, NodeSpec
from engine.graph.topology import reachable
from engine.layers.base import LAYERS
from tests.helpers.planted_faults import Fault, Site, is_inner, kind, raw


@kind("edge cut")
def edge_cut(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or is_variadic(site.node):
        return None
    edge = rng.choice(site.into)
    return Fault(site.edit(lambda level: edits.disconnect(level, edge)), (site.node.id,))


@kind("edge into the output cut")
def output_cut(site: Site, rng: random.Random) -> Fault | None:
    if site.type != OUTPUT or not site.into:
        return None
    return Fault(site.edit(lambda level: edits.disconnect(level, site.into[0])), (site.node.id,))


@kind("branch cut off")
def branch_cut(site: Site, rng: random.Random) -> Fault | None:
    if not is_variadic(site.node) or len(site.into) < 2:
        return None
    alone = [edge for edge in site.into if len(site.level.edges_out_of[edge.source]) == 1]
    if not alone or len({edge.source for edge in site.into}) < len(site.into):
        return None
    edge = rng.choice(alone)
    level = edits.disconnect(site.level, edge)
    # What led only into the cut edge leads nowhere now.
    dead = set(level.by_id) - reachable(level, [node.id for node in level.outputs], upstream=True)
    spec = site.edit(lambda level: edits.disconnect(level, edge))
    return Fault(spec, (site.node.id, *dead), "what led only there is loose now, and a joint may live with one fewer")


@kind("lone node")
def lone_node(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or site.type == BLOCK:
        return None
    lone = replace(site.node, id="lone", shares=None, position=(site.node.position[0] + 200, site.node.position[1]))
    return Fault(site.edit(lambda level: edits.add_node(level, lone)), ("lone",))


@kind("branch that leads nowhere")
def dead_end(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site):
        return None
    edge = site.into[0]
    end = NodeSpec("dead_end", "Tanh", position=site.node.position)
    spec = site.edit(
        lambda level: edits.connect(edits.add_node(level, end), EdgeSpec(edge.source, "dead_end", edge.source_port))
    )
    return Fault(spec, ("dead_end",))


@kind("circle")
def circle(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or is_variadic(site.node) or site.node.shares:
        return None
    below = [
        id for id in reachable(site.level, [site.node.id])
        if id != site.node.id and output_ports(site.level.by_id[id])
    ]  # fmt: skip
    if not below:
        return None
    source = rng.choice(sorted(below))
    back = EdgeSpec(source, site.node.id, output_ports(site.level.by_id[source])[0], site.into[0].target_port)
    spec = site.edit(lambda level: edits.connect(level, back))
    ring = reachable(site.level, [site.node.id]) & reachable(site.level, [source], upstream=True)
    return Fault(spec, tuple(ring), "a circle has no first node; it is named at the first in the drawing")


@kind("circle into a joint")
def circle_into_joint(site: Site, rng: random.Random) -> Fault | None:
    if not is_variadic(site.node) or not site.out_of:
        return None
    below = [
        id for id in reachable(site.level, [site.node.id])
        if id != site.node.id and output_ports(site.level.by_id[id])
    ]  # fmt: skip
    if not below:
        return None
    source = rng.choice(sorted(below))
    back = EdgeSpec(source, site.node.id, output_ports(site.level.by_id[source])[0], "in")
    ring = reachable(site.level, [site.node.id]) & reachable(site.level, [source], upstream=True)
    why = "a circle has no first node; it is named at the first in the drawing"
    return Fault(site.edit(lambda level: raw(level, back)), tuple(ring), why)


@kind("no input")
def no_input(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != INPUT or len(site.spec.inputs) != 1:
        return None
    targets = [edge.target for edge in site.out_of]
    spec = edits.remove(site.spec, [site.node.id])
    # The size of the picture is lost with it, so that another one may come in.
    why = "what is not there cannot be pointed at; what it fed lacks its input"
    return Fault(spec, (None, *targets), why, resized=True)


@kind("no output")
def no_output(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != OUTPUT or len(site.spec.outputs) != 1:
        return None
    return Fault(edits.remove(site.spec, [site.node.id]), (None,), "what is not there cannot be pointed at")


@kind("block without an output")
def block_without_output(site: Site, rng: random.Random) -> Fault | None:
    if site.type != BLOCK or site.node.subgraph is None or len(site.node.subgraph.outputs) != 1 or site.node.shares:
        return None
    if any(one.shares == site.node.id for one in site.level.nodes) or not site.out_of:
        return None
    inside = edits.remove(site.node.subgraph, [site.node.subgraph.outputs[0].id])
    spec = site.edit(lambda level: edits.put_node(level, replace(site.node, subgraph=inside)))
    users = (edge.target for edge in site.out_of)
    return Fault(spec, (site.node.id, *users), "its users ask for what it no longer gives")


@kind("second output of the same")
def second_output(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != OUTPUT or not site.into:
        return None
    edge = site.into[0]
    spec = replace(
        site.spec,
        nodes=(*site.spec.nodes, NodeSpec("again", OUTPUT)),
        edges=(*site.spec.edges, EdgeSpec(edge.source, "again", edge.source_port)),
    )
    return Fault(spec, ("again",), resized=False)


@kind("two edges on a port")
def two_edges(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or is_variadic(site.node):
        return None
    above = [
        id for id in site.level.by_id
        if id not in reachable(site.level, [site.node.id]) and id != site.into[0].source
        and output_ports(site.level.by_id[id])
    ]  # fmt: skip
    if not above:
        return None
    source = rng.choice(above)
    second = EdgeSpec(source, site.node.id, output_ports(site.level.by_id[source])[0], site.into[0].target_port)
    return Fault(site.edit(lambda level: raw(level, second)), (site.node.id,))


@kind("edge to a port that is not there")
def unknown_port(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site):
        return None
    edge = replace(site.into[0], target_port="side")
    return Fault(site.edit(lambda level: raw(level, edge)), (site.node.id,))


@kind("edge from a node that is not there")
def unknown_source(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site):
        return None
    edge = EdgeSpec("ghost", site.node.id, "out", input_ports(site.node)[0])
    return Fault(site.edit(lambda level: raw(level, edge)), (site.node.id,))


@kind("misspelt type")
def misspelt_type(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or site.type not in LAYERS or len(site.type) < 4 or site.node.shares:
        return None
    place = rng.randrange(1, len(site.type) - 1)
    wrong = rng.choice((site.type.lower(), site.type[:place] + site.type[place + 1 :], site.type + "s"))
    if wrong in LAYERS:
        return None
    nodes = tuple(replace(one, type=wrong) if one.id == site.node.id else one for one in site.level.nodes)
    return Fault(site.edit(lambda level: replace(level, nodes=nodes)), (site.node.id,))


@kind("empty block")
def empty_block(site: Site, rng: random.Random) -> Fault | None:
    if site.type != BLOCK or len(site.into) != 1 or site.shape != site.info.output_shape:
        return None
    nodes = tuple(replace(one, subgraph=None) if one.id == site.node.id else one for one in site.level.nodes)
    if any(one.shares == site.node.id for one in nodes) or site.node.shares:
        return None
    return Fault(site.edit(lambda level: replace(level, nodes=nodes)), (site.node.id,))
