"""Inputs that are numbers of things: the switches of a max pooling, and the words of an embedding."""

from __future__ import annotations

from collections.abc import Iterator

from engine.graph.ports import output_ports
from engine.graph.problems.base import View, register, title, try_edit
from engine.graph.repairs import combined, set_param, take_out, wire
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.graph.spec import BLOCK, INPUT, EdgeSpec, NodeSpec

_POOLS = {"MaxUnpool2d": "MaxPool2d"}
_COUNTING = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Select", "Slice", "Split", "Chunk", "Transpose", "Permute",
             "Crop")  # fmt: skip


@register("foreign-switches")
def foreign_switches(view: View) -> Iterator[Problem]:
    """An unpooling whose switches do not come from a max pooling of the same window."""
    for node in view.spec.nodes:
        if node.type not in _POOLS or len(view.level.arriving(node.id)) < 2:
            continue
        edge = view.level.arriving(node.id)[1]
        source = view.spec.by_id[edge.source]
        if source.type == INPUT and not view.top:
            continue  # they may come into the block from outside
        if source.type == BLOCK:
            source, edge = _inside(view, source, edge)
        fault = _fault(node, source, edge)
        if fault:
            yield Problem(
                "error",
                "foreign-switches",
                node.id,
                f"{title(node)} needs the switches of the {_POOLS[node.type]} that it undoes, but {fault}.",
                "Connect its indices with those of that pooling.",
                (*_poolings(view, node), take_out(node.id)),
            )


def _inside(view: View, block: NodeSpec, edge: EdgeSpec) -> tuple[NodeSpec, EdgeSpec]:
    """The node in a block, and the edge from it, whose value leaves by the port that the edge comes from."""
    level = view.level.inside.get(block.id)
    ports = output_ports(block)
    if level is None or edge.source_port not in ports:
        return block, edge
    last = level.feeding(level.spec.outputs[ports.index(edge.source_port)].id)
    return (level.spec.by_id[last.source], last) if last is not None else (block, edge)


def _fault(node: NodeSpec, source: NodeSpec, edge: EdgeSpec) -> str:
    if source.type != _POOLS[node.type] or edge.source_port != "indices":
        return f"its indices come from {title(source)}, port {edge.source_port}"
    for name, usual in (("kernel_size", 2), ("stride", None), ("padding", 0)):
        ours, theirs = _window(node, name, usual), _window(source, name, usual)
        if ours != theirs:
            return f"its {name} is {ours} and that of {source.id} is {theirs}"
    return ""


def _window(node: NodeSpec, name: str, usual: object) -> object:
    value = node.params.get(name, usual)
    if name == "stride" and value is None:
        value = node.params.get("kernel_size", 2)
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _poolings(view: View, node: NodeSpec) -> Iterator[Repair]:
    """The same window as the pooling's, or the switches of each pooling above, the nearest in order first."""
    source = view.spec.by_id[view.level.arriving(node.id)[1].source]
    if source.type == _POOLS[node.type]:
        named = ("kernel_size", "stride", "padding")
        parts = [set_param(node.id, name, source.params.get(name, {"kernel_size": 2, "padding": 0}.get(name)))
                 for name in named if source.params.get(name) != node.params.get(name)]  # fmt: skip
        if parts:
            yield combined("same-window", f"Give {node.id} the window of {source.id}", parts)
    place = view.level.order.index(node.id) if node.id in view.level.order else len(view.level.order)
    for id in reversed(view.level.order[:place]):
        other = view.spec.by_id[id]
        if other.type != _POOLS[node.type]:
            continue
        parts = [wire(EdgeSpec(id, node.id, "indices", "indices"))]
        if not other.params.get("return_indices"):
            parts.insert(0, set_param(id, "return_indices", True))
        repair = combined("connect", f"Connect the switches of {id} to {node.id}", parts)
        level = try_edit(view, repair.apply)
        if (
            level is not None
            and node.id not in level.failures
            and not _fault(node, other, EdgeSpec(id, node.id, "indices", "indices"))
        ):
            yield repair


@register("embedding-of-values")
def embedding_of_values(view: View) -> Iterator[Problem]:
    """An embedding that looks up what a layer computed, where it needs whole numbers that name things."""
    for node in view.spec.nodes:
        if node.type != "Embedding" or not view.top:
            continue
        source = _origin(view, node)
        if source is None or source.type in (INPUT, BLOCK):
            continue
        repairs: list[Repair] = []
        shape = view.level.infos[source.id].output_shape
        inputs = [one for one in view.spec.inputs if len(view.level.infos[one.id].output_shape or ()) == 1]
        repairs += [wire(EdgeSpec(one.id, node.id)) for one in inputs]
        yield Problem(
            "warning",
            "embedding-of-values",
            node.id,
            f"{title(node)} looks up whole numbers that name things, but gets what {title(source)} computes"
            f"{f', {written(shape)}' if shape else ''}.",
            "Feed it the input that holds the numbers, or use a Linear layer.",
            (*repairs, take_out(node.id)),
        )


def _origin(view: View, node: NodeSpec) -> NodeSpec | None:
    """Where the values come from, through layers that only rearrange them."""
    edge = view.level.feeding(node.id)
    for _ in range(len(view.spec.nodes)):
        if edge is None:
            return None
        source = view.spec.by_id[edge.source]
        if source.type not in _COUNTING:
            return source
        edge = view.level.feeding(source.id)
    return None
