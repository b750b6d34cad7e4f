"""Faults of the drawing itself: no input, no output, loose ends, circles, unknown types."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from functools import partial

from engine.graph.level import Level
from engine.graph.ports import input_ports, is_each, is_known, is_variadic, output_ports
from engine.graph.problems.base import View, register, title, try_layer
from engine.graph.repairs import add_input, add_output, become, combined, cut, take_out, wire, within
from engine.graph.results import Problem, Repair
from engine.graph.shapes import facts_of, written
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NodeSpec, Shape
from engine.graph.topology import cycles, order, reachable
from engine.layers.base import LAYERS

_USUAL_INPUTS: tuple[Shape, ...] = ((1, 32, 32), (3, 64, 64), (3, 224, 224), (3, 512, 512), (1024,), (16, 32))


_NEW_INPUT = "input1"
_FRAMES = 8


@register("no-input")
def no_input(view: View) -> Iterator[Problem]:
    """A network without an Input node."""
    if view.spec.inputs:
        return
    open_ports = [(id, ports[0]) for id, ports in view.level.missing.items()]
    target, shapes = None, _USUAL_INPUTS[:1]
    if open_ports:
        id, port = min(open_ports, key=lambda one: view.spec.by_id[one[0]].position[::-1])
        target = EdgeSpec("", id, "out", port)
        shapes = _taken_by(view.spec.by_id[id]) or shapes
    label = f"Add an Input and connect it to {target.target}" if target else "Add an Input"
    repairs = [
        Repair("add-input", f"{label} ({written(shape)})", partial(add_input, target=target, shape=shape))
        for shape in shapes
    ]
    if target and len(open_ports) > 1:
        rest = [wire(EdgeSpec(_NEW_INPUT, id, "out", port)) for id, port in open_ports if id != target.target]
        also = ", ".join(edge for edge, _ in open_ports if edge != target.target)
        repairs = [combined("add-input", f"{one.label} and {also}", (one, *rest)) for one in repairs] + repairs
    yield Problem(
        "error",
        "no-input",
        None,
        "The network has no Input, so nothing can come in.",
        "Add an Input node.",
        tuple(repairs),
    )


def _taken_by(node: NodeSpec) -> tuple[Shape, ...]:
    """Usual inputs that a node would take; for a block first the one that it was drawn for."""
    drawn = node.subgraph.inputs[0].params.get("shape") if node.subgraph and node.subgraph.inputs else None
    if node.type not in LAYERS:
        known = ((_FRAMES, *drawn) if is_each(node) else drawn,) if isinstance(drawn, tuple) else ()
        return (*known, *_USUAL_INPUTS)
    return tuple(shape for shape in _USUAL_INPUTS if try_layer(node.type, node.params, (shape,)))


@register("no-output")
def no_output(view: View) -> Iterator[Problem]:
    """A network without an Output node."""
    if view.spec.outputs:
        return
    ends = [id for id in view.level.order if not view.spec.edges_out_of.get(id) and output_ports(view.spec.by_id[id])]
    reached = [id for id in ends if view.level.infos[id].output_shape is not None]
    last = next(iter((reached or ends)[::-1]), None)
    source = EdgeSpec(last, "", output_ports(view.spec.by_id[last])[0], "in") if last else None
    label = f"Add an Output after {last}" if last else "Add an Output"
    yield Problem(
        "error",
        "no-output",
        None,
        "The network has no Output, so nothing can come out.",
        "Add an Output node.",
        (Repair("add-output", label, partial(add_output, source=source)),),
    )


def _isolated(view: View, node: NodeSpec) -> bool:
    return not view.spec.edges_into.get(node.id) and not view.spec.edges_out_of.get(node.id)


@register("missing-input")
def missing_input(view: View) -> Iterator[Problem]:
    """A port that nothing feeds, at a node that is otherwise part of the drawing."""
    for id, ports in view.level.missing.items():
        node = view.spec.by_id[id]
        if node.type != OUTPUT and _isolated(view, node):
            continue
        for port in ports:
            where = "its input" if len(input_ports(node)) == 1 else f"its input {port!r}"
            sources = possible_sources(view.level, node, port)
            repairs = [wire(EdgeSpec(source, id, out, port)) for source, out in sources[:3]]
            yield Problem(
                "error",
                "missing-input",
                id,
                f"{title(node)} has nothing connected to {where}.",
                "Connect the output of another node to it, or remove it.",
                (*repairs, take_out(id)),
            )


@register("disconnected")
def disconnected(view: View) -> Iterator[Problem]:
    """Nodes that take no part: connected to nothing, or leading to no output."""
    for node in view.spec.nodes:
        if node.id in view.level.live and not _isolated(view, node):
            continue
        if not is_known(node) or node.type == OUTPUT or (node.type == INPUT and len(view.spec.nodes) == 1):
            continue
        if _isolated(view, node):
            ports = input_ports(node)
            sources = possible_sources(view.level, node, ports[0]) if ports else []
            yield Problem(
                "warning",
                "disconnected",
                node.id,
                f"{title(node)} is connected to nothing and takes no part.",
                "Connect it, or remove it.",
                (*(wire(EdgeSpec(source, node.id, out, ports[0])) for source, out in sources[:2]), take_out(node.id)),
            )
        elif view.spec.outputs:
            yield Problem(
                "warning",
                "leads-nowhere",
                node.id,
                f"{title(node)} leads to no Output, so the network leaves it out.",
                "Connect what follows it to the rest, or remove it.",
                (*_ways_back(view, node), take_out(node.id)),
            )


def _ways_back(view: View, node: NodeSpec) -> list[Repair]:
    """Connections from the end of a loose branch to a layer that joins branches and would take one more."""
    shape = view.level.infos[node.id].output_shape
    if view.spec.edges_out_of.get(node.id) or shape is None or not output_ports(node):
        return []
    above = reachable(view.spec, [node.id], upstream=True)
    found = []
    for other in view.spec.nodes:
        into = view.level.shapes_into(other.id)
        if other.id in above or not is_variadic(other) or not into or other.id not in view.level.live:
            continue
        if facts_of(other.type, other.params, (*into, shape)).failure is None:
            # One that shares most of its way with the loose branch is the likeliest.
            common = len(above & reachable(view.spec, [other.id], upstream=True))
            found.append((-common, view.rank[other.id], wire(EdgeSpec(node.id, other.id, output_ports(node)[0], "in"))))
    return [repair for _, _, repair in sorted(found, key=lambda one: one[:2])[:2]]


def possible_sources(level: Level, node: NodeSpec, port: str) -> list[tuple[str, str]]:
    """Outputs that could feed a port without a circle and with a shape that fits, the most likely first."""
    spec = level.spec
    below = reachable(spec, [node.id])
    found = []
    for id in level.order:
        other = spec.by_id[id]
        shape = level.infos[id].output_shape
        if id in below or other.type == OUTPUT or shape is None or not output_ports(other):
            continue
        single = node.type in LAYERS and len(input_ports(node)) == 1 and not is_variadic(node)
        if single and node.type != OUTPUT and facts_of(node.type, node.params, (shape,)).failure:
            continue
        used = bool(spec.edges_out_of.get(id))
        dx = other.position[0] - node.position[0]
        dy = node.position[1] - other.position[1]
        found.append(((used, dy < 0, abs(dx) + abs(dy)), -level.order.index(id), id, output_ports(other)[0]))
    return [(id, out) for _, _, id, out in sorted(found)]


@register("cycle")
def cycle(view: View) -> Iterator[Problem]:
    """Nodes that feed each other in a circle."""
    if len(view.level.order) == len(view.spec.nodes):
        return
    for nodes in cycles(view.spec):
        back = _leading_back(view, nodes)
        names = ", ".join(nodes[:4]) + (f" and {len(nodes) - 4} more" if len(nodes) > 4 else "")
        message = (
            f"{names} feeds itself."
            if len(nodes) == 1
            else f"{names} feed each other in a circle, so none can be first."
        )
        label = f"Remove the connection from {back[0].source} to {back[0].target}"
        if len(back) > 1:
            label = f"Remove the {len(back)} connections that lead back"
        yield Problem(
            "error",
            "cycle",
            nodes[0],
            message,
            "Remove one of the connections between them.",
            (*_other_sources(view, nodes), cut(back, label)),
        )


def _other_sources(view: View, nodes: tuple[str, ...]) -> list[Repair]:
    """For edges that run against the drawing: what could feed their target instead, or nothing where it has others."""
    ring = set(nodes)
    edges = [edge for edge in view.spec.edges if edge.source in ring and edge.target in ring]
    rise = {id: view.spec.by_id[id].position[1] for id in nodes}
    found: list[Repair] = []
    for edge in sorted(edges, key=lambda one: rise[one.target] - rise[one.source])[:3]:
        target = view.spec.by_id[edge.target]
        if rise[edge.target] > rise[edge.source] or not is_known(target):
            continue
        if is_variadic(target):
            found.append(cut((edge,), f"Remove the connection from {edge.source} to {edge.target}"))
            continue
        sources = possible_sources(view.level, target, edge.target_port)[:2]
        found += [
            wire(
                EdgeSpec(id, target.id, out, edge.target_port),
                f"Connect {id} to {target.id} instead of {edge.source}",
            )
            for id, out in sources
        ]
    return [repair for repair in found if not any(ring & set(part) for part in cycles(repair.apply(view.spec)))]


def _leading_back(view: View, nodes: tuple[str, ...]) -> list[EdgeSpec]:
    """Edges among `nodes` that, removed, leave no circle: those that return to a node on the current path."""
    ring = set(nodes)
    entered = [id for id in nodes if any(e.source not in ring for e in view.spec.edges_into.get(id, ()))]
    state: dict[str, int] = {}
    back: list[EdgeSpec] = []
    for root in (*entered, *nodes):
        if root in state:
            continue
        state[root] = 1
        work = [(root, iter(view.spec.edges_out_of.get(root, ())))]
        while work:
            id, rest = work[-1]
            for edge in rest:
                if edge.target not in ring:
                    continue
                if state.get(edge.target) == 1:
                    back.append(edge)
                elif edge.target not in state:
                    state[edge.target] = 1
                    work.append((edge.target, iter(view.spec.edges_out_of.get(edge.target, ()))))
                    break
            else:
                state[id] = 2
                work.pop()
    return back


@register("unknown-type")
def unknown_type(view: View) -> Iterator[Problem]:
    """A node of a type that this program does not have, for example from a newer version."""
    for node in view.spec.nodes:
        if is_known(node):
            continue
        if node.type == "Block":
            yield Problem(
                "error",
                "empty-block",
                node.id,
                f"{node.id} is a block with nothing inside.",
                "Remove it, or put layers into it.",
                (take_out(node.id),),
            )
            continue
        close = difflib.get_close_matches(node.type, list(LAYERS), n=2, cutoff=0.5)
        hint = f"Did you mean {close[0]}?" if close else "Replace or remove it."
        repairs = [become(node.id, type, _kept_params(node, type)) for type in close]
        yield Problem(
            "error",
            "unknown-type",
            node.id,
            f"{node.id} is a {node.type!r}, a type of layer that this program does not have.",
            hint,
            (*repairs, take_out(node.id)),
        )


def _kept_params(node: NodeSpec, type: str) -> dict[str, object]:
    fields = LAYERS.get(type).model_fields
    return {name: value for name, value in node.params.items() if name in fields}


@register("bad-edge")
def bad_edge(view: View) -> Iterator[Problem]:
    """Edges that a file may hold and a hand cannot draw: to a port that is not there, or a second one on a port."""
    seen: set[tuple[str, str]] = set()
    for edge in view.spec.edges:
        source, target = view.spec.by_id.get(edge.source), view.spec.by_id.get(edge.target)
        fault = ""
        if source is None or target is None:
            fault = f"the network has no {edge.source if source is None else edge.target}"
        elif is_known(source) and edge.source_port not in output_ports(source):
            fault = f"{title(source)} has no output {edge.source_port!r}"
        elif is_known(target) and edge.target_port not in input_ports(target):
            fault = f"{title(target)} has no input {edge.target_port!r}"
        elif (edge.target, edge.target_port) in seen and is_known(target) and not is_variadic(target):
            fault = f"{title(target)} already has a connection at {edge.target_port!r}"
        seen.add((edge.target, edge.target_port))
        if fault:
            yield Problem(
                "error",
                "bad-edge",
                edge.target if target is not None else None,
                f"The connection from {edge.source} to {edge.target} cannot be: {fault}.",
                "Remove the connection.",
                (*_way_out(source), cut((edge,), f"Remove the connection from {edge.source} to {edge.target}")),
            )


def _way_out(source: NodeSpec | None) -> list[Repair]:
    """An Output for a block that gives nothing out although something is to be fed by it."""
    inside = source.subgraph if source is not None else None
    if source is None or inside is None or inside.outputs:
        return []
    last = next((id for id in reversed(order(inside)) if not inside.edges_out_of.get(id)), None)
    if last is None or not output_ports(inside.by_id[last]):
        return []
    end = EdgeSpec(last, "", output_ports(inside.by_id[last])[0], "in")
    label = f"Add an Output after {last} inside {source.id}"
    return [within(source.id, Repair("add-output", label, partial(add_output, source=end)))]
