"""What makes one branch fit another: a changed setting on the way, or layers that bring it into the other's form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from engine.graph.level import Level
from engine.graph.problems.base import try_layer, uneven
from engine.graph.repairs import Step, Steps, set_param
from engine.graph.results import Repair
from engine.graph.spec import EdgeSpec, NodeSpec, Shape
from engine.layers.base import LAYERS

_LONGEST = 8
_MOST_OFFERED = 2


@dataclass(frozen=True)
class Branch:
    """The layers with one input that lie, one behind the other, before an edge."""

    level: Level
    edge: EdgeSpec

    def nodes(self) -> list[NodeSpec]:
        """From the last back to the first, as far as it is a plain chain."""
        found: list[NodeSpec] = []
        id = self.edge.source
        while len(found) < _LONGEST:
            node = self.level.spec.by_id[id]
            edges = self.level.arriving(id)
            if node.type not in LAYERS or len(edges) != 1 or len(self.level.infos[id].input_shapes) != 1:
                break
            found.append(node)
            if len(self.level.spec.edges_out_of.get(edges[0].source, ())) != 1:
                break
            id = edges[0].source
        return found


def chain_settings(branch: Branch, wanted: Shape) -> Iterator[Repair]:
    """Settings of single layers of a branch with which it comes out as `wanted`."""
    nodes = branch.nodes()
    offered = 0
    for place, node in enumerate(nodes):
        for name, value in _sizes(node, branch.level.shapes_into(node.id)[0]):
            if uneven({**node.params, name: value}):
                continue
            shape: Shape | None = branch.level.shapes_into(node.id)[0]
            steps = [(node.type, {**node.params, name: value}), *((n.type, n.params) for n in nodes[:place][::-1])]
            for type, params in steps:
                facts = try_layer(type, params, (shape,)) if shape is not None else None
                shape = facts.output_shapes[0] if facts else None
            if shape == wanted:
                yield set_param(node.id, name, value)
                offered += 1
                break
        if offered == _MOST_OFFERED:
            return


def _sizes(node: NodeSpec, shape: Shape) -> Iterator[tuple[str, Any]]:
    """Other values of the settings that decide how large a picture comes out."""
    fields = LAYERS.get(node.type).model_fields

    def value_of(name: str) -> Any:
        return node.params.get(name, fields[name].get_default())

    if "padding" in fields:
        numbers = list(range(6))
        convolves = "groups" in fields and "output_padding" not in fields
        for value in [*(["same"] if convolves else []), *numbers]:
            if value != value_of("padding"):
                yield "padding", value
    for name, values in (
        ("stride", (1, 2, 4, None)),
        ("dilation", (1, 2)),
        ("output_padding", (0, 1, 2)),
        ("kernel_size", (1, 2, 3, 4, 5, 7)),
        ("scale_factor", (1, 2, 3, 4, 8)),
        ("ceil_mode", (True, False)),
        ("margin", (0, 1, 2, 3, 4)),
        ("start_dim", (1, 2)),
    ):
        if name in fields:
            yield from ((name, value) for value in values if value != value_of(name))
    if "output_size" in fields:
        yield from (("output_size", value) for value in (shape[1:], 1) if value != value_of("output_size"))


def adapter(shape: Shape, target: Shape) -> Steps | None:
    """Layers that turn one shape into another with as little as possible; None if there are none."""
    if len(shape) == len(target) == 1:
        return (("Linear", {"out_features": target[0]}),)
    if len(shape) == 3 and len(target) == 1:
        flat: Step = ("Flatten", {})
        return (flat,) if prod(shape) == target[0] else (flat, ("Linear", {"out_features": target[0]}))
    if len(shape) == 1 and len(target) == 3:
        reshape: Step = ("Reshape", {"shape": target})
        return (reshape,) if shape[0] == prod(target) else (("Linear", {"out_features": prod(target)}), reshape)
    if len(shape) == len(target) == 3:
        return _picture_adapter(shape, target)
    if len(shape) == len(target) == 2 and shape[0] == target[0]:
        return (("Linear", {"out_features": target[1]}),)
    return (("Reshape", {"shape": target}),) if prod(shape) == prod(target) else None


def _picture_adapter(shape: Shape, target: Shape) -> Steps | None:
    steps: list[Step] = []
    size, wanted = shape[1:], target[1:]
    strides = tuple(_stride(a, b) for a, b in zip(size, wanted, strict=True))
    if shape[0] != target[0] and None not in strides:
        stride = strides[0] if strides[0] == strides[1] else strides
        params: Mapping[str, Any] = {"out_channels": target[0], "kernel_size": 1, "stride": stride}
        return (("Conv2d", params if stride != 1 else {"out_channels": target[0], "kernel_size": 1}),)
    if size != wanted:
        if all(a >= b for a, b in zip(size, wanted, strict=True)):
            steps.append(("AdaptiveAvgPool2d", {"output_size": wanted}))
        elif all(b % a == 0 for a, b in zip(size, wanted, strict=True)):
            steps.append(("Upsample", {"scale_factor": tuple(b // a for a, b in zip(size, wanted, strict=True))}))
        else:
            steps.append(("Upsample", {"size": wanted}))
    if shape[0] != target[0]:
        steps.append(("Conv2d", {"out_channels": target[0], "kernel_size": 1}))
    return tuple(steps)


def _stride(size: int, wanted: int) -> int | None:
    """The stride with which a 1×1 kernel makes `wanted` positions out of `size`."""
    for stride in range(1, size + 1):
        made = (size - 1) // stride + 1
        if made == wanted:
            return stride
        if made < wanted:
            return None
    return None
