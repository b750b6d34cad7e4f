"""Reading the same values as another shape, in another order, in parts, or joined."""

from __future__ import annotations

import math
import operator
from typing import Any

import torch

from engine.graph.spec import Shape
from engine.importing.rules.arithmetic import tensor
from engine.importing.rules.base import At, axis, function
from engine.importing.sketch import Free, Sizes, Unsupported, Wire


@function("size")
def size(at: At, input: Wire, dim: int | None = None) -> Any:
    sizes = Sizes((input.batch, *input.shape), input)
    return sizes if dim is None else sizes[dim]


@function("dim", "ndimension")
def dim(at: At, input: Wire) -> int:
    return len(input.shape) + 1


@function("contiguous", "clone", torch.clone, "detach", "float")
def same(at: At, input: Wire, *, memory_format: Any = None) -> Wire:
    return input


@function(torch.flatten, "flatten")
def flatten(at: At, input: Wire, start_dim: int = 0, end_dim: int = -1) -> Wire:
    first, last = axis(start_dim, input), axis(end_dim, input)
    if (first, last) == (0, 1) and len(input.shape) > 1:
        return input.by_element(at.calls)
    if first < 1:
        raise Unsupported("Flatten that takes in the batch")
    if last == len(input.shape):
        return at.put("Flatten", {"start_dim": first} if first != 1 else {}, input, name=_name(at, "flatten"))
    sizes = (*input.shape[: first - 1], math.prod(input.shape[first - 1 : last]), *input.shape[last:])
    return at.put("Reshape", {"shape": sizes}, input)


@function(torch.reshape, "view", "reshape")
def reshape(at: At, input: Wire, *shape: Any) -> Wire:
    sizes = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    batch_first = bool(sizes) and (input.is_batch(sizes[0]) or (sizes[0] == -1 and -1 not in sizes[1:]))
    rest = sizes[1:]
    if not batch_first or not all(isinstance(one, int) for one in rest):
        raise Unsupported(f"{at.path.rpartition('.')[2]} that moves the batch")
    return to_shape(at, input, rest, input.is_batch(sizes[0]))


def to_shape(at: At, input: Wire, sizes: Shape, sure: bool = True) -> Wire:
    """The values as another shape, in the layer that says it most plainly. `sure` that the batch is not mixed up."""
    total = math.prod(input.shape)
    known = math.prod(one for one in sizes if one != -1)
    whole = tuple(total // known if one == -1 and known else one for one in sizes)
    if math.prod(whole) != total:
        raise Unsupported(f"{at.path.rpartition('.')[2]} that moves the batch")
    if whole == input.shape:
        return input
    for first in range(1, len(input.shape)):
        if whole == (*input.shape[: first - 1], math.prod(input.shape[first - 1 :])):
            params = {"start_dim": first} if first != 1 else {}
            return at.put("Flatten", params, input, name=_name(at, "flatten"))
    return at.put("Reshape", {"shape": sizes}, input, name=_name(at, "reshape"))


@function(torch.unflatten, "unflatten")
def unflatten(at: At, input: Wire, dim: int, sizes: tuple[Any, ...]) -> Wire:
    place = axis(dim, input) - 1
    if place < 0:
        return input.whole(sizes)
    return at.put("Reshape", {"shape": (*input.shape[:place], *sizes, *input.shape[place + 1 :])}, input)


@function(torch.permute, "permute")
def permute(at: At, input: Wire, *dims: Any) -> Wire:
    given = tuple(dims[0]) if len(dims) == 1 and isinstance(dims[0], tuple | list) else dims
    order = tuple(axis(one, input) for one in given)
    if order[0] != 0:
        raise Unsupported("permute that moves the batch")
    if order == tuple(range(len(order))):
        return input
    return at.put("Permute", {"dims": order[1:]}, input)


@function(torch.transpose, torch.swapaxes, torch.swapdims, "transpose", "swapaxes")
def transpose(at: At, input: Wire, dim0: int, dim1: int) -> Wire:
    first, second = sorted((axis(dim0, input), axis(dim1, input)))
    if first == 0:
        raise Unsupported("transpose that moves the batch")
    given = {"dim0": first, "dim1": second}
    return at.put("Transpose", {k: v for k, v in given.items() if (k, v) not in (("dim0", 1), ("dim1", 2))}, input)


@function(torch.squeeze, "squeeze")
def squeeze(at: At, input: Wire, dim: int | None = None) -> Wire:
    if dim is None:
        raise Unsupported("squeeze of every dimension, the batch included")
    place = axis(dim, input)
    if place == 0:
        raise Unsupported("squeeze of the batch")
    return input if input.shape[place - 1] != 1 else at.put("Squeeze", {"dim": place}, input)


@function(torch.unsqueeze, "unsqueeze")
def unsqueeze(at: At, input: Wire, dim: int) -> Wire:
    place = dim if dim >= 0 else dim + len(input.shape) + 2
    if place == 0:
        raise Unsupported("unsqueeze in front of the batch")
    return at.put("Unsqueeze", {"dim": place} if place != 1 else {}, input)


@function(torch.chunk, "chunk")
def chunk(at: At, input: Wire, chunks: int, dim: int = 0) -> tuple[Wire, ...]:
    place = axis(dim, input)
    if place == 0:
        raise Unsupported("chunk of the batch")
    params = {"chunks": chunks} if chunks != 2 else {}
    return at.put_all("Chunk", params | ({"dim": place} if place != 1 else {}), input)


@function(torch.split, "split")
def split(at: At, input: Wire, split_size_or_sections: Any, dim: int = 0) -> tuple[Wire, ...]:
    place = axis(dim, input)
    if place == 0:
        raise Unsupported("split of the batch")
    whole, each = input.shape[place - 1], split_size_or_sections
    sizes = (
        tuple(each) if not isinstance(each, int) else (each,) * (whole // each) + ((whole % each,) * (whole % each > 0))
    )
    return at.put_all("Split", {"sizes": sizes} | ({"dim": place} if place != 1 else {}), input)


@function(torch.unbind, "unbind")
def unbind(at: At, input: Wire, dim: int = 0) -> tuple[Wire, ...]:
    place = axis(dim, input)
    if place == 0:
        raise Unsupported("unbind of the batch")
    return tuple(select(at, input, place, index) for index in range(input.shape[place - 1]))


@function(torch.select, "select")
def select(at: At, input: Wire, dim: int, index: int) -> Wire:
    place = axis(dim, input)
    if place == 0:
        raise Unsupported("picking one picture out of the batch")
    params = {"index": index} if index else {}
    return at.put("Select", params | ({"dim": place} if place != 1 else {}), input, name="select")


@function(torch.narrow, "narrow")
def narrow(at: At, input: Wire, dim: int, start: int, length: int) -> Wire:
    return part(at, input, axis(dim, input), slice(start, start + length))


def part(at: At, input: Wire, place: int, wanted: slice) -> Wire:
    """A stretch of one dimension."""
    start, stop, step = wanted.indices(input.shape[place - 1])
    given = {"start": start, "end": stop if stop < input.shape[place - 1] else None, "step": step, "dim": place}
    usual = {"start": 0, "end": None, "step": 1, "dim": 1}
    if all(given[name] == usual[name] for name in ("start", "end", "step")):
        return input
    if step < 1:
        raise Unsupported("a slice backwards")
    return at.put("Slice", {k: v for k, v in given.items() if v != usual[k]}, input, name="slice")


@function(operator.getitem)
def getitem(at: At, input: Any, key: Any) -> Any:
    """Indexing: whole dimensions, stretches, single elements, new dimensions and an ellipsis."""
    if not isinstance(input, Wire):
        raise Unsupported("indexing of a weight")
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(not isinstance(one, int | slice | type(None) | type(Ellipsis)) or isinstance(one, bool) for one in keys):
        raise Unsupported("indexing by a tensor")
    if Ellipsis in keys:
        at_dots = keys.index(Ellipsis)
        used = sum(one is not None for one in keys) - 1
        keys[at_dots : at_dots + 1] = [slice(None)] * (len(input.shape) + 1 - used)
    if not keys or keys[0] != slice(None):
        raise Unsupported("picking pictures out of the batch")
    wire, place = input, 0
    for one in keys:
        if one is None:
            wire = unsqueeze(at, wire, place)
        elif isinstance(one, int):
            wire = select(at, wire, place, one)
            continue
        elif place:
            wire = part(at, wire, place, one)
        place += 1
    return wire


@function(torch.cat, torch.concat, torch.concatenate)
def concatenate(at: At, tensors: Any, dim: int = 0) -> Wire:
    branches = list(tensors)
    wires = [one for one in branches if isinstance(one, Wire)]
    if not wires or not all(isinstance(one, Wire | Free) for one in branches):
        raise Unsupported("a concatenation of what are no feature maps")
    place = axis(dim, wires[0])
    if place == 0:
        raise Unsupported("a concatenation of batches")
    if len(branches) == 1:
        return wires[0]
    if len(branches) == 2 and place == 1 and isinstance(branches[0], Free) and len(wires[0].shape) == 2:
        token = branches[0]
        if token.trained and tuple(token.value.shape) == (1, 1, wires[0].shape[1]):
            return at.put("ClassToken", {}, wires[0], weights={"token": token}, name=token.key.rpartition(".")[2])
    joined = [tensor(at, one, wires[0]) for one in branches]
    return at.put("Concatenate", {"dim": place} if place != 1 else {}, *joined)


@function(torch.stack)
def stack(at: At, tensors: Any, dim: int = 0) -> Wire:
    wires = list(tensors)
    rank = len(wires[0].shape) + 2
    place = dim % rank
    if place == 0:
        raise Unsupported("a stack of batches")
    rows = [unsqueeze(at, one, place) for one in wires]
    return rows[0] if len(rows) == 1 else at.put("Concatenate", {"dim": place} if place != 1 else {}, *rows)


@function("expand")
def expand(at: At, input: Wire, *sizes: Any) -> Wire:
    wanted = tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else sizes
    here = (input.batch, *input.shape)
    if len(wanted) == len(here) and all(a in (b, -1) or input.is_batch(a) for a, b in zip(wanted, here, strict=True)):
        return input
    raise Unsupported("expand that repeats values")


def _name(at: At, plain: str) -> str:
    """A call that fx names after how it was spelled, named after what it does."""
    return plain if at.path.rpartition(".")[2] in ("view", "reshape", "flatten", "permute") else ""
