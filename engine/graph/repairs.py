"""Repairs: named edits with their arguments bound, so that they can be kept, sent to another process and applied later.

Never imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from engine.frozen import FrozenDict
from engine.graph.edits import (
    Edit,
    add_node,
    connect,
    disconnect,
    fresh_id,
    insert_on_edge,
    inside,
    move,
    remove,
    reset_param,
    swap_type,
    update_params,
)
from engine.graph.layout import ROW
from engine.graph.results import Repair
from engine.graph.spec import INPUT, OUTPUT, EdgeSpec, NetworkSpec, NodeSpec

Step = tuple[str, Mapping[str, Any]]
Steps = Sequence[Step]
_GAP = 120.0
"""Distance of a card that a repair adds from the one it belongs to, in scene units."""


def set_param(id: str, name: str, value: Any, label: str = "") -> Repair:
    """Set one parameter."""
    label = label or f"Set {name} of {id} to {spoken_value(value)}"
    return Repair(f"set-{name}", label, partial(update_params, id=id, changes=FrozenDict({name: value})))


def default_param(id: str, name: str, label: str) -> Repair:
    """Put one parameter back to its default."""
    return Repair(f"reset-{name}", label, partial(reset_param, id=id, name=name))


def rename_param(id: str, old: str, new: str) -> Repair:
    """Give a setting its right name."""
    return Repair(f"rename-{old}", f"Call it {new}", partial(move_param, id=id, old=old, new=new))


def take_out(id: str, label: str = "") -> Repair:
    """Remove a node and join its neighbours."""
    return Repair("remove", label or f"Remove {id}", partial(remove, ids=(id,), heal=True))


def become(id: str, type: str, params: Mapping[str, Any] | None = None, label: str = "") -> Repair:
    """Make a node another type of layer."""
    return Repair(
        f"swap-{type}", label or f"Make {id} a {type}", partial(swap_type, id=id, type=type, params=FrozenDict(params))
    )


def wire(edge: EdgeSpec, label: str = "") -> Repair:
    """Draw an edge."""
    return Repair("connect", label or f"Connect {edge.source} to {edge.target}", partial(connect, edge=edge))


def cut(edges: Sequence[EdgeSpec], label: str) -> Repair:
    """Take edges away."""
    return Repair("disconnect", label, partial(in_turn, edits=tuple(partial(disconnect, edge=e) for e in edges)))


def put_between(edge: EdgeSpec, steps: Steps, label: str) -> Repair:
    """Insert new layers on an edge."""
    first = steps[0][0].lower()
    return Repair(f"insert-{first}", label, partial(insert_layers, edge=edge, steps=frozen_steps(steps)))


def combined(id: str, label: str, repairs: Sequence[Repair]) -> Repair:
    """Several repairs as one."""
    return Repair(id, label, partial(in_turn, edits=tuple(repair.apply for repair in repairs)))


def within(path: str, repair: Repair) -> Repair:
    """The same repair inside a block."""
    return Repair(repair.id, repair.label, partial(inside, path=path, edit=repair.apply)) if path else repair


def frozen_steps(steps: Steps) -> tuple[tuple[str, FrozenDict], ...]:
    return tuple((type, FrozenDict(params)) for type, params in steps)


def move_param(spec: NetworkSpec, id: str, old: str, new: str) -> NetworkSpec:
    """Set one parameter to the value of another, which goes."""
    value = spec.node(id).params.get(old)
    return update_params(reset_param(spec, id, old), id, FrozenDict({new: value}))


def in_turn(spec: NetworkSpec, edits: Sequence[Edit]) -> NetworkSpec:
    """Make one edit after the other."""
    for edit in edits:
        spec = edit(spec)
    return spec


def insert_layers(spec: NetworkSpec, edge: EdgeSpec, steps: Steps) -> NetworkSpec:
    """Put new nodes on an edge, in this order, evenly placed between its ends; what lies below makes room."""
    spec = _with_room(spec, edge, (len(steps) + 1) * ROW)
    (x0, y0), (x1, y1) = spec.node(edge.source).position, spec.node(edge.target).position
    for number, (type, params) in enumerate(steps, start=1):
        share = number / (len(steps) + 1)
        place = (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
        node = NodeSpec(fresh_id(spec, type), type, params, place)
        spec = insert_on_edge(spec, edge, node)
        edge = EdgeSpec(node.id, edge.target, "out", edge.target_port)
    return spec


def _with_room(spec: NetworkSpec, edge: EdgeSpec, room: float) -> NetworkSpec:
    """Move the target and all that lies below it down, until it stands `room` below the source."""
    top, y = spec.node(edge.source).position[1], spec.node(edge.target).position[1]
    missing = top + room - y
    if y <= top or missing <= 0:
        return spec
    return move(spec, {n.id: (n.position[0], n.position[1] + missing) for n in spec.nodes if n.position[1] >= y})


def add_input(spec: NetworkSpec, target: EdgeSpec | None, shape: Sequence[int]) -> NetworkSpec:
    """Add an Input; `target` says what it feeds (its source is ignored)."""
    position = _beside(spec, target.target if target else None, -_GAP)
    node = NodeSpec(fresh_id(spec, INPUT), INPUT, {"shape": tuple(shape)}, position)
    spec = add_node(spec, node)
    return connect(spec, EdgeSpec(node.id, target.target, "out", target.target_port)) if target else spec


def add_output(spec: NetworkSpec, source: EdgeSpec | None) -> NetworkSpec:
    """Add an Output; `source` says what feeds it (its target is ignored)."""
    position = _beside(spec, source.source if source else None, _GAP)
    node = NodeSpec(fresh_id(spec, OUTPUT), OUTPUT, {}, position)
    spec = add_node(spec, node)
    return connect(spec, EdgeSpec(source.source, node.id, source.source_port, "in")) if source else spec


def _beside(spec: NetworkSpec, id: str | None, down: float) -> tuple[float, float]:
    if id is None:
        return (0.0, max((node.position[1] for node in spec.nodes), default=-_GAP) + _GAP)
    x, y = spec.node(id).position
    return (x, y + down)


def spoken_step(step: Step) -> str:
    """A layer that a repair inserts, with what matters about it."""
    type, params = step
    if type == "Conv2d":
        stride = params.get("stride", 1)
        tail = f" and stride {spoken_value(stride)}" if stride != 1 else ""
        return f"a 1×1 Conv2d with {params['out_channels']} filters{tail}"
    if type == "Linear":
        return f"a Linear with {params['out_features']} outputs"
    if type == "AdaptiveAvgPool2d":
        return f"an AdaptiveAvgPool2d to {spoken_value(params.get('output_size', 1))}"
    if type == "Upsample":
        given = params.get("size")
        return f"an Upsample to {spoken_value(given)}" if given else f"an Upsample by {_factor(params)}"
    if type == "Reshape":
        return f"a Reshape to {spoken_value(params['shape'])}"
    return f"{'an' if type[0] in 'AEIOU' else 'a'} {type}"


def _factor(params: Mapping[str, Any]) -> str:
    return spoken_value(params.get("scale_factor", 2))


def spoken_value(value: Any) -> str:
    """A parameter's value as people write it: 3, 3×3, same, off."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None:
        return "empty"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return "×".join(spoken_value(part) for part in value)
    return str(value)
