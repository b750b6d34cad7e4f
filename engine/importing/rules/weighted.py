"""Functions that are given their weights: the layers that would hold them."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from engine.importing.rules.base import At, function
from engine.importing.rules.layer_modules import fitted, plain
from engine.importing.sketch import Free, Unsupported, Wire


def weights_of(what: str, **given: Any) -> dict[str, Free]:
    """Those that are there, which must be tensors of the network itself and not something computed."""
    found = {}
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(value, Free):
            raise Unsupported(f"{what} whose {name} is computed")
        found[name] = value
    return found


def convolution(
    at: At, input: Wire, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Wire:
    """A convolution of as many dimensions as its weight has."""
    held = weights_of("a convolution", weight=weight, bias=bias)
    axes = held["weight"].value.ndim - 2
    params = {
        "out_channels": held["weight"].value.shape[0],
        "kernel_size": tuple(held["weight"].value.shape[2:]),
        "stride": _per_axis(stride, axes),
        "padding": padding if isinstance(padding, str) else _per_axis(padding, axes),
        "dilation": _per_axis(dilation, axes),
        "groups": groups,
        "bias": bias is not None,
    }
    return at.put(f"Conv{axes}d", plain(f"Conv{axes}d", params), input, weights=held)


@function(F.conv1d, F.conv2d, F.conv3d)
def conv(
    at: At,
    input: Wire,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Wire:
    return convolution(at, input, weight, bias, stride, padding, dilation, groups)


@function(F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
def conv_transpose(
    at: At,
    input: Wire,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Wire:
    held = weights_of("a transposed convolution", weight=weight, bias=bias)
    axes = held["weight"].value.ndim - 2
    params = {
        "out_channels": held["weight"].value.shape[1] * groups,
        "kernel_size": tuple(held["weight"].value.shape[2:]),
        "stride": _per_axis(stride, axes),
        "padding": _per_axis(padding, axes),
        "output_padding": _per_axis(output_padding, axes),
        "dilation": _per_axis(dilation, axes),
        "groups": groups,
        "bias": bias is not None,
    }
    kind = f"ConvTranspose{axes}d"
    return at.put(kind, plain(kind, params), input, weights=held)


@function(F.linear)
def linear(at: At, input: Wire, weight: Any, bias: Any = None) -> Wire:
    held = weights_of("a linear layer", weight=weight, bias=bias)
    params = {"out_features": held["weight"].value.shape[0], "bias": bias is not None}
    return at.put("Linear", fitted("Linear", plain("Linear", params), [input.shape]), input, weights=held)


@function(F.batch_norm)
def batch_norm(
    at: At,
    input: Wire,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Wire:
    if running_mean is None:
        raise Unsupported("batch normalisation without running averages")
    held: dict[str, Any] = weights_of("a batch normalisation", running_mean=running_mean, running_var=running_var)
    held |= weights_of("a batch normalisation", weight=weight, bias=bias)
    if not isinstance(held["running_mean"], Free) or (weight is None) != (bias is None):
        raise Unsupported("batch normalisation with one of scale and shift")
    type = {1: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d", 4: "BatchNorm3d"}[len(input.shape)]
    params = {"eps": eps, "momentum": momentum, "affine": weight is not None}
    counter = {"num_batches_tracked": torch.tensor(0)}
    return at.put(type, plain(type, params), input, weights=held | counter)


@function(F.layer_norm)
def layer_norm(
    at: At, input: Wire, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Wire:
    if (weight is None) != (bias is None):
        raise Unsupported("layer normalisation with one of scale and shift")
    params = {"dimensions": len(tuple(normalized_shape)), "eps": eps, "elementwise_affine": weight is not None}
    held = weights_of("a layer normalisation", weight=weight, bias=bias)
    return at.put("LayerNorm", plain("LayerNorm", params), input, weights=held)


@function(F.group_norm)
def group_norm(at: At, input: Wire, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Wire:
    if (weight is None) != (bias is None):
        raise Unsupported("group normalisation with one of scale and shift")
    params = {"num_groups": num_groups, "eps": eps, "affine": weight is not None}
    held = weights_of("a group normalisation", weight=weight, bias=bias)
    return at.put("GroupNorm", plain("GroupNorm", params), input, weights=held)


@function(F.prelu, torch.prelu)
def prelu(at: At, input: Wire, weight: Any) -> Wire:
    held = weights_of("PReLU", weight=weight)
    if held["weight"].value.numel() != 1:
        raise Unsupported("PReLU with a slope for each channel")
    return at.put("PReLU", {}, input, weights={"weight": Free(weight.key, weight.value.reshape(1), True)})


def _per_axis(size: Any, axes: int) -> tuple[int, ...]:
    if isinstance(size, int):
        return (size,) * axes
    given = tuple(size)
    return given * axes if len(given) == 1 else given
