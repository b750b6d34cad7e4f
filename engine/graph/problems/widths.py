"""Layers that need a certain number of values or maps, and get another."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from engine.graph.problems.base import View, register, title, try_edit, try_layer
from engine.graph.problems.heads import width_setting
from engine.graph.repairs import default_param, put_between, set_param, take_out
from engine.graph.results import Problem, Repair
from engine.graph.shapes import written
from engine.layers.base import layer_of

_RBF_WIDTH = 84


@register("rbf-width")
def rbf_width(view: View) -> Iterator[Problem]:
    """RBF units compare with drawings of a fixed size."""
    for node, shapes in view.failed("RBF"):
        edge = view.level.feeding(node.id)
        if len(shapes[0]) != 1 or edge is None:
            continue
        yield Problem(
            "error",
            "rbf-width",
            node.id,
            f"{title(node)} compares with drawings of 7×12 = {_RBF_WIDTH} pixels but gets {shapes[0][0]} values.",
            f"Put a Linear with {_RBF_WIDTH} outputs before it.",
            (
                put_between(
                    edge, (("Linear", {"out_features": _RBF_WIDTH}),), f"Insert a Linear with {_RBF_WIDTH} outputs"
                ),
                take_out(node.id),
            ),
        )


@register("connection-table")
def connection_table(view: View) -> Iterator[Problem]:
    """A sparse convolution whose table names maps that do not come in."""
    for node, shapes in view.failed("SparseConv2d"):
        layer: Any = layer_of(node)
        needed = max((max(row) for row in layer.connections if row), default=0) + 1
        if len(shapes[0]) != 3 or shapes[0][0] >= needed:
            continue
        have = shapes[0][0]
        repairs: list[Repair] = []
        setting = width_setting(view.level, node.id)
        if setting is not None:
            repair = setting(needed)
            level = try_edit(view, repair.apply)
            if level is not None and node.id not in level.failures:
                repairs.append(repair)
        kept = tuple(tuple(one for one in row if one < have) for row in layer.connections)
        if all(kept) and try_layer(node.type, {**node.params, "connections": kept}, shapes):
            label = f"Leave the maps {have} to {needed - 1} out of the table"
            repairs.append(set_param(node.id, "connections", kept, label))
        yield Problem(
            "error",
            "connection-table",
            node.id,
            f"The table of {title(node)} names input map {needed - 1}, but only {have} come in (0 to {have - 1}).",
            f"Give the layer before it {needed} filters, or shorten the table.",
            (*repairs, take_out(node.id)),
        )


@register("reshape")
def reshape(view: View) -> Iterator[Problem]:
    """A Reshape whose sizes do not multiply to what comes in."""
    for node, shapes in view.failed("Reshape"):
        wanted = tuple(layer_of(node).shape)  # type: ignore[attr-defined]
        total = prod(shapes[0])
        repairs = []
        for place in range(len(wanted)):
            trial = (*wanted[:place], -1, *wanted[place + 1 :])
            if try_layer(node.type, {**node.params, "shape": trial}, shapes):
                label = f"Let size {place + 1} of {node.id} follow from the rest ({written(trial)})"
                repairs.append(set_param(node.id, "shape", trial, label))
        repairs.append(default_param(node.id, "shape", f"Let {node.id} make one row of {total:,} values"))
        yield Problem(
            "error",
            "reshape",
            node.id,
            f"{title(node)} cannot make {written(wanted)} out of {written(shapes[0])} = {total:,} values.",
            "Choose sizes whose product is that number; one of them may be −1.",
            (*repairs, take_out(node.id)),
        )
