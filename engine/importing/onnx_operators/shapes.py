"""Operators on shapes and parts, and the arithmetic on sizes that exporters write out."""

from __future__ import annotations

from typing import Any

import torch

from engine.importing.onnx_operators.base import Node, given, numbers, operator, wire
from engine.importing.rules import shapes
from engine.importing.rules.arithmetic import tensor
from engine.importing.sketch import BATCH, Free, Sizes, Wire


@operator("Identity", "Cast", "CastLike")
def same(node: Node, input: Any, *rest: Any) -> Any:
    return input


@operator("Shape")
def shape(node: Node, input: Any) -> Any:
    if isinstance(input, Wire):
        sizes = Sizes((BATCH, *input.shape), input)
        return sizes[slice(node.get("start", 0), node.get("end"))]
    return Free("", torch.tensor(input.value.shape))


@operator("Constant")
def constant(node: Node) -> Free:
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in node.attributes:
            held = node.attributes[name]
            return Free("", held if isinstance(held, torch.Tensor) else torch.tensor(held))
    raise node.refuse("without a value")


@operator("ConstantOfShape")
def constant_of_shape(node: Node, sizes: Any) -> Free:
    wanted = numbers(node, sizes, "shape")
    if any(one is BATCH for one in wanted) or _too_many(wanted):
        raise node.refuse("with one value for each picture")
    value = node.get("value")
    return Free(
        "", torch.full(tuple(int(one) for one in wanted), float(value.reshape(-1)[0]) if value is not None else 0.0)
    )


def _too_many(sizes: list[Any]) -> bool:
    total = 1
    for one in sizes:
        total *= int(one)
    return total > 2**24


@operator("Flatten")
def flatten(node: Node, input: Any) -> Wire:
    if node.get("axis", 1) != 1:
        raise node.refuse("that takes in the batch")
    source = wire(node, input)
    return source if len(source.shape) == 1 else shapes.flatten(node, source, 1)


@operator("Reshape")
def reshape(node: Node, input: Any, sizes: Any) -> Any:
    wanted = numbers(node, sizes, "shape")
    if isinstance(input, Free):
        return Free(input.key, input.value.reshape(*[int(one) for one in wanted]), input.trained)
    source = wire(node, input)
    here = (BATCH, *source.shape)
    if not node.get("allowzero", 0):
        wanted = [here[place] if one == 0 and place < len(here) else one for place, one in enumerate(wanted)]
    if wanted and wanted[0] is not BATCH:
        wanted = _with_batch(node, wanted, source)
    rest = tuple(int(one) for one in wanted[1:] if one is not BATCH)
    if len(rest) != len(wanted) - 1:
        raise node.refuse("that moves the batch")
    return shapes.to_shape(node, source, rest)


def _with_batch(node: Node, wanted: list[Any], source: Wire) -> list[Any]:
    """The first size stands for the batch if the others hold exactly one picture."""
    held, total = 1, 1
    for one in source.shape:
        total *= one
    rest = wanted[1:]
    if any(one is BATCH for one in rest):
        raise node.refuse("that moves the batch")
    for one in rest:
        held *= int(one)
    if held == total or (-1 in rest and total % -held == 0 and wanted[0] == node.get("batch", 1)):
        return [BATCH, *rest]
    raise node.refuse("that moves the batch")


@operator("Transpose")
def transpose(node: Node, input: Any) -> Any:
    if isinstance(input, Free):
        order = node.get("perm") or list(reversed(range(input.value.ndim)))
        return Free(input.key, input.value.permute(*order), input.trained)
    source = wire(node, input)
    order = list(node.get("perm") or reversed(range(len(source.shape) + 1)))
    moved = [place for place, dim in enumerate(order) if place != dim]
    if len(moved) == 2 and 0 not in moved:
        return shapes.transpose(node, source, *moved)
    return shapes.permute(node, source, *order)


@operator("Unsqueeze")
def unsqueeze(node: Node, input: Any, axes: Any = None) -> Any:
    places = sorted(int(one) for one in given(node, "axes", axes) or [])
    if isinstance(input, int) or input is BATCH:
        return Sizes((input,))
    if isinstance(input, Free):
        value = input.value
        for place in places:
            value = value.unsqueeze(place)
        return Free(input.key, value, input.trained)
    source = wire(node, input)
    for place in places:
        source = shapes.unsqueeze(node, source, place)
    return source


@operator("Squeeze")
def squeeze(node: Node, input: Any, axes: Any = None) -> Any:
    places = given(node, "axes", axes)
    if isinstance(input, Sizes):
        return input[0]
    if isinstance(input, Free):
        return Free(
            input.key, input.value.squeeze() if places is None else input.value.squeeze(*[int(p) for p in places])
        )
    source = wire(node, input)
    if places is None:
        raise node.refuse("of every dimension, the batch included")
    rank = len(source.shape) + 1
    for place in sorted((int(one) % rank for one in places), reverse=True):
        source = shapes.squeeze(node, source, place)
    return source


@operator("Concat")
def concatenate(node: Node, *parts: Any) -> Any:
    if all(isinstance(part, Free) for part in parts):
        return Free("", torch.cat([part.value for part in parts], node.get("axis")))
    if not any(isinstance(part, Wire) for part in parts):
        return Sizes([one for part in parts for one in numbers(node, part, "sizes")])
    return shapes.concatenate(node, list(parts), node.get("axis"))


@operator("Split")
def split(node: Node, input: Any, sizes: Any = None) -> Any:
    source = wire(node, input)
    axis = node.get("axis", 0)
    parts = given(node, "split", sizes)
    if parts is None or len(set(parts)) == 1:
        count = node.get("num_outputs") or node.outputs
        place = axis % (len(source.shape) + 1)
        if place and source.shape[place - 1] % count == 0:
            return shapes.chunk(node, source, count, axis)
        raise node.refuse("into parts that differ")
    return shapes.split(node, source, [int(one) for one in parts], axis)


@operator("Slice")
def part(node: Node, input: Any, *rest: Any) -> Any:
    names = ("starts", "ends", "axes", "steps")
    starts, ends, axes, steps = (
        given(node, name, value) for name, value in zip(names, (*rest, None, None, None, None), strict=False)
    )
    starts, ends = [int(one) for one in starts or []], [int(one) for one in ends or []]
    places = [int(one) for one in axes] if axes else list(range(len(starts)))
    strides = [int(one) for one in steps] if steps else [1] * len(starts)
    if isinstance(input, Sizes):
        return input[slice(starts[0], ends[0], strides[0])]
    if isinstance(input, Free):
        value = input.value
        for place, start, end, step in zip(places, starts, ends, strides, strict=True):
            value = value[(slice(None),) * (place % value.ndim) + (slice(start, end, step),)]
        return Free("", value)
    source = wire(node, input)
    for place, start, end, step in zip(places, starts, ends, strides, strict=True):
        where = place % (len(source.shape) + 1)
        if where == 0:
            raise node.refuse("that picks pictures out of the batch")
        source = shapes.part(node, source, where, slice(start, end, step))
    return source


@operator("Gather")
def gather(node: Node, input: Any, index: Any) -> Any:
    axis = node.get("axis", 0)
    places = numbers(node, index, "index")
    single = isinstance(index, Free) and index.value.ndim == 0
    if isinstance(input, Sizes):
        return input[int(places[0])] if single else Sizes([input[int(one)] for one in places])
    if isinstance(input, Free):
        return Free("", input.value.select(axis, int(places[0])) if single else input.value[index.value.long()])
    if not single:
        raise node.refuse("of several places")
    return shapes.select(node, wire(node, input), axis, int(places[0]))


@operator("Expand")
def expand(node: Node, input: Any, sizes: Any) -> Any:
    wanted = numbers(node, sizes, "shape")
    if isinstance(input, Free):
        if wanted and wanted[0] is BATCH:
            return Free(input.key, input.value, input.trained, spread=True)
        return Free(input.key, input.value.expand(*[int(one) for one in wanted]))
    return shapes.expand(node, wire(node, input), [-1 if one == 1 else one for one in wanted])


def held(node: Node, value: Any, like: Wire) -> Wire:
    """A constant as a layer."""
    return tensor(node, value, like)
