"""Adding, multiplying and the like: of branches, with numbers, and with tensors that are learned by themselves."""

from __future__ import annotations

import operator
from typing import Any

import torch

from engine.importing.rules.base import At, function
from engine.importing.sketch import Free, Unsupported, Wire


@function(operator.add, operator.iadd, torch.add, "add", "add_")
def add(at: At, input: Any, other: Any, *, alpha: float = 1) -> Wire:
    if alpha != 1:
        raise Unsupported(f"add with alpha={alpha}")
    return _joined(at, "Add", input, other)


@function(operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_")
def multiply(at: At, input: Any, other: Any) -> Wire:
    return _joined(at, "Multiply", input, other)


@function(operator.sub, operator.isub, torch.sub, torch.subtract, "sub", "sub_")
def subtract(at: At, input: Any, other: Any, *, alpha: float = 1) -> Wire:
    if alpha != 1:
        raise Unsupported(f"sub with alpha={alpha}")
    if isinstance(other, int | float):
        return at.put("ScaleShift", _numbers(1, -other), input)
    if isinstance(input, int | float):
        return at.put("ScaleShift", _numbers(-1, input), other)
    return at.put("Subtract", {}, *_pair(at, input, other))


@function(torch.rsub)
def subtract_from(at: At, input: Any, other: Any, *, alpha: float = 1) -> Wire:
    return subtract(at, other, input, alpha=alpha)


@function(operator.neg, torch.neg, "neg")
def negate(at: At, input: Any) -> Wire:
    return at.put("ScaleShift", _numbers(-1, 0), input)


@function(operator.truediv, operator.itruediv, torch.div, torch.true_divide, "div", "div_")
def divide(at: At, input: Any, other: Any, *, rounding_mode: str | None = None) -> Wire:
    if rounding_mode is not None:
        raise Unsupported("a division that rounds")
    if isinstance(other, Free) and other.value.ndim == 0 and not other.trained:
        other = float(other.value)
    if isinstance(other, int | float):
        return at.put("ScaleShift", _numbers(1 / other, 0), input)
    if isinstance(input, int | float):
        raise Unsupported("a number divided by a feature map")
    return at.put("Divide", {}, *_pair(at, input, other))


@function(operator.pow, torch.pow, "pow")
def power(at: At, input: Any, exponent: Any) -> Wire:
    if exponent != 2 or not isinstance(input, Wire):
        raise Unsupported(f"a power of {exponent if isinstance(exponent, int | float) else 'another tensor'}")
    return at.put("Multiply", {}, input, input)


@function(torch.square, "square")
def square(at: At, input: Any) -> Wire:
    return power(at, input, 2)


@function(operator.matmul, torch.matmul, torch.bmm, "matmul", "bmm", "__matmul__")
def matrix_product(at: At, input: Any, other: Any) -> Wire:
    if not isinstance(input, Wire) or not isinstance(other, Wire):
        raise Unsupported("a matrix product with a weight")
    return at.put("MatMul", {}, input, other)


@function(torch.maximum, "maximum")
def maximum(at: At, input: Any, other: Any) -> Wire:
    return at.put("Maximum", {}, *_pair(at, input, other))


@function(torch.minimum, "minimum")
def minimum(at: At, input: Any, other: Any) -> Wire:
    return at.put("Minimum", {}, *_pair(at, input, other))


def _pair(at: At, one: Any, other: Any) -> tuple[Wire, Wire]:
    like = one if isinstance(one, Wire) else other
    return _ranked(at, tensor(at, one, like), tensor(at, other, like))


def tensor(at: At, value: Any, like: Any) -> Wire:
    """A free tensor as the layer that holds it, or the wire that it is already. `like` tells the batch."""
    if isinstance(value, Wire):
        return value
    if not isinstance(value, Free) or not isinstance(like, Wire):
        raise Unsupported(f"{at.path} of {type(value).__name__}")
    key = value.key or f"constant{len(at.sketch.learned)}"
    if (key, like.each) in at.sketch.learned:
        return at.sketch.learned[key, like.each]
    sizes = tuple(value.value.shape)
    rank = len(like.shape) + 1
    if value.spread or (len(sizes) == rank and sizes[0] == 1):
        sizes = sizes[1:]
    elif len(sizes) >= rank:
        raise Unsupported(f"the tensor {key} of {len(sizes)} sizes, which has one value for each picture")
    sizes = (1,) * (len(like.shape) - len(sizes)) + sizes
    held = Free(value.key, value.value.reshape(sizes), value.trained)
    name = value.key.rpartition(".")[2] or "constant"
    params = {"shape": sizes} if value.trained else {"shape": sizes, "trained": False}
    wire = at.put("LearnedTensor", params, like, weights={"value": held}, name=name)
    at.sketch.learned[key, like.each] = wire
    return wire


def _joined(at: At, type: str, one: Any, other: Any) -> Wire:
    """Two branches, a branch and a number, or a branch and a tensor of its own."""
    if not isinstance(one, Wire):
        one, other = other, one
    if isinstance(other, bool) or not isinstance(other, int | float | Free | Wire):
        raise Unsupported(f"{type} of {other!r}")
    if isinstance(other, int | float):
        return at.put("ScaleShift", _numbers(1, other) if type == "Add" else _numbers(other, 0), one)
    if isinstance(other, Free) and other.value.ndim == 0 and not other.trained:
        return _joined(at, type, one, float(other.value))
    if isinstance(other, Free) and other.trained and not other.spread:
        special = _scale(at, one, other) if type == "Multiply" else _positions(at, one, other)
        if special is not None:
            return special
    second = tensor(at, other, one)
    return at.put(type, {}, *_ranked(at, one, second))


def _ranked(at: At, one: Wire, other: Wire) -> tuple[Wire, Wire]:
    """PyTorch stretches missing sizes from the front, which would be the batch: they must be there."""
    if len(one.shape) != len(other.shape):
        raise Unsupported(f"{at.path} of {len(one.shape)} and {len(other.shape)} sizes")
    return one, other


def _scale(at: At, wire: Wire, factor: Free) -> Wire | None:
    """One learned factor per channel."""
    sizes = (1,) * (len(wire.shape) - factor.value.ndim) + tuple(factor.value.shape[-len(wire.shape) :])
    places = [place for place, size in enumerate(sizes) if size > 1]
    if len(places) != 1 or factor.value.numel() != wire.shape[places[0]]:
        return None
    dim = -1 if places[0] == len(wire.shape) - 1 and len(wire.shape) > 1 else places[0] + 1
    held = Free(factor.key, factor.value.reshape(-1), True)
    name = factor.key.rpartition(".")[2]
    return at.put("LayerScale", {"dim": dim} if dim != 1 else {}, wire, weights={"weight": held}, name=name)


def _positions(at: At, wire: Wire, table: Free) -> Wire | None:
    """One learned vector per place, added."""
    if len(wire.shape) != 2 or tuple(table.value.shape) != (1, *wire.shape):
        return None
    name = table.key.rpartition(".")[2]
    return at.put("PositionalEmbedding", {}, wire, weights={"embedding": table}, name=name)


def _numbers(scale: float, shift: float) -> dict[str, float]:
    given = {"scale": float(scale), "shift": float(shift)}
    return {name: value for name, value in given.items() if value != (1.0 if name == "scale" else 0.0)}
