"""PyTorch's own operators, as torch.export writes them down, as the functions that they come from."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch.nn import functional as F

from engine.importing.rules import shapes, weighted
from engine.importing.rules.base import FUNCTIONS, METHODS, At, Rule
from engine.importing.rules.reductions import interpolate, pad
from engine.importing.sketch import BATCH, Free, Unsupported, Wire

OPERATORS: dict[str, Rule] = {}
# Operators whose list of sizes begins with the number of pictures.
_WITH_SIZES = ("view", "reshape", "_unsafe_view", "expand")


def _operator(*names: str) -> Any:
    def file(rule: Rule) -> Rule:
        OPERATORS.update(dict.fromkeys(names, rule))
        return rule

    return file


def operator_name(target: Any) -> str:
    """ "aten.relu_.default" as relu: in-place forms do the same to a drawing."""
    if target is operator.getitem:
        return "getitem"
    schema = getattr(target, "_schema", None)
    name = str(schema.name).rpartition("::")[2] if schema is not None else str(getattr(target, "__name__", target))
    return name if name.startswith("_") else name.rstrip("_")


def changes_its_input(target: Any) -> bool:
    """Whether it is an in-place operator."""
    schema = getattr(target, "_schema", None)
    return schema is not None and str(schema.name).endswith("_") and not str(schema.name).startswith("__")


def rule_of(name: str) -> Rule | None:
    """What an operator means: its own rule, or that of the function or method of the same name."""
    if name in OPERATORS:
        return OPERATORS[name]
    for holder in (torch, F):
        rule = FUNCTIONS.get(getattr(holder, name, None))
        if rule is not None:
            return rule
    return METHODS.get(name)


def with_batch(name: str, args: Any, batch: Any) -> Any:
    """A program is written for a certain number of pictures: where it stands first among sizes, it is the batch."""
    if name not in _WITH_SIZES or len(args) < 2 or not isinstance(args[1], list | tuple) or not args[1]:
        return args
    first = args[1][0]
    if batch is not None and first == batch:
        return (args[0], [BATCH, *args[1][1:]], *args[2:])
    return args


@_operator("getitem")
def getitem(at: At, values: Any, place: Any) -> Any:
    return shapes.getitem(at, values, place) if isinstance(values, Wire) else values[place]


@_operator("sym_size")
def size(at: At, input: Any, dim: int = 0) -> Any:
    return BATCH if dim == 0 else input.shape[dim - 1]


@_operator("lift_fresh_copy", "alias", "detach", "clone", "contiguous", "to", "_to_copy", "dropout_eval")
def same(at: At, input: Any, *rest: Any, **named: Any) -> Any:
    return input


@_operator("batch_norm")
def batch_norm(
    at: At, input: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float,
    cudnn: bool = True,
) -> Wire:  # fmt: skip
    return weighted.batch_norm(at, input, mean, variance, weight, bias, training, momentum, eps)


@_operator("layer_norm")
def layer_norm(
    at: At, input: Any, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn: bool = True
) -> Wire:
    return weighted.layer_norm(at, input, shape, weight, bias, eps)


@_operator("group_norm")
def group_norm(
    at: At, input: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn: bool = True
) -> Wire:
    return weighted.group_norm(at, input, groups, weight, bias, eps)


@_operator("slice")
def part(at: At, input: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    if isinstance(input, Free):
        keys = (slice(None),) * dim + (slice(start, end, step),)
        return Free("", input.value[keys])
    if dim == 0:
        if start in (None, 0) and (end is None or end is BATCH or end > 2**60):
            return input
        raise Unsupported("picking pictures out of the batch")
    return shapes.part(at, input, dim % (len(input.shape) + 1), slice(start, end, step))


@_operator("split_with_sizes")
def split(at: At, input: Any, sizes: Any, dim: int = 0) -> Any:
    return shapes.split(at, input, list(sizes), dim)


@_operator("unflatten")
def unflatten(at: At, input: Any, dim: int, sizes: Any) -> Any:
    return shapes.unflatten(at, input, dim, tuple(sizes))


@_operator("expand")
def expand(at: At, input: Any, sizes: Any, *, implicit: bool = False) -> Any:
    if isinstance(input, Free):
        return Free(input.key, input.value, input.trained, spread=sizes[0] is BATCH)
    return shapes.expand(at, input, sizes)


@_operator("hardtanh")
def hardtanh(at: At, input: Any, low: float = -1, high: float = 1) -> Wire:
    if (low, high) == (0, 6):
        return at.put("ReLU6", {}, input)
    given = {"min_val": float(low), "max_val": float(high)}
    return at.put("Hardtanh", {k: v for k, v in given.items() if v != (-1 if k == "min_val" else 1)}, input)


@_operator("gelu")
def gelu(at: At, input: Any, *, approximate: str = "none") -> Wire:
    return at.put("GELU", {"approximate": approximate} if approximate != "none" else {}, input)


@_operator("feature_dropout")
def feature_dropout(at: At, input: Any, p: float, train: bool) -> Wire:
    return at.put("Dropout2d", {"p": p} if p != 0.5 else {}, input)


@_operator("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d")
def nearest(at: At, input: Any, size: Any, factors: Any = None, *rest: Any) -> Wire:
    return interpolate(at, input, size, factors)


@_operator("upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_trilinear3d")
def blended(at: At, input: Any, size: Any, align: bool, factors: Any = None, *rest: Any) -> Wire:
    axes = len(input.shape) - 1
    mode = "bicubic" if "bicubic" in at.path else {1: "linear", 2: "bilinear", 3: "trilinear"}[axes]
    return interpolate(at, input, size, factors, mode, align)


@_operator("constant_pad_nd")
def constant_pad(at: At, input: Any, sizes: Any, value: float = 0.0) -> Wire:
    return pad(at, input, sizes, "constant", value)


@_operator("convolution")
def convolution(
    at: At, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int,
) -> Wire:  # fmt: skip
    if transposed:
        return weighted.conv_transpose(at, input, weight, bias, stride, padding, output_padding, groups, dilation)
    return weighted.convolution(at, input, weight, bias, stride, padding, dilation, groups)
