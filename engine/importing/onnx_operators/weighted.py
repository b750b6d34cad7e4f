"""Operators with weights: convolutions, matrix products and normalisations."""

from __future__ import annotations

from typing import Any

import torch

from engine.importing.onnx_operators.base import Node, operator, turned, weight, wire
from engine.importing.rules import weighted
from engine.importing.rules.layer_modules import plain
from engine.importing.rules.reductions import pad as border
from engine.importing.sketch import Free, Wire


def padding(node: Node, input: Wire, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[Wire, Any]:
    """The padding of a window; sides that differ become a border of their own."""
    how = node.get("auto_pad", "NOTSET")
    axes = len(kernel)
    if how in ("SAME_UPPER", "SAME_LOWER"):
        before, after = _same(node, input, kernel, dilation, how)
    elif how == "VALID":
        before, after = (0,) * axes, (0,) * axes
    else:
        pads = tuple(node.get("pads", (0,) * 2 * axes))
        before, after = pads[:axes], pads[axes:]
    if before == after:
        return input, before
    if axes != 2:
        raise node.refuse("with different borders before and after")
    sides = (before[1], after[1], before[0], after[0])
    return border(node, input, sides), (0,) * axes


def _same(
    node: Node, input: Wire, kernel: tuple[int, ...], dilation: tuple[int, ...], how: str
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    strides = tuple(node.get("strides", (1,) * len(kernel)))
    before, after = [], []
    for size, window, stride, step in zip(input.shape[1:], kernel, strides, dilation, strict=True):
        total = max((-(-size // stride) - 1) * stride + (window - 1) * step + 1 - size, 0)
        small, large = total // 2, total - total // 2
        before.append(small if how == "SAME_UPPER" else large)
        after.append(large if how == "SAME_UPPER" else small)
    return tuple(before), tuple(after)


@operator("Conv")
def conv(node: Node, input: Any, w: Any, b: Any = None) -> Wire:
    kernel = weight(node, w)
    axes = kernel.value.ndim - 2
    dilation = tuple(node.get("dilations", (1,) * axes))
    source, pads = padding(node, wire(node, input), tuple(kernel.value.shape[2:]), dilation)
    bias = None if b is None else weight(node, b)
    strides = tuple(node.get("strides", (1,) * axes))
    return weighted.convolution(node, source, kernel, bias, strides, pads, dilation, node.get("group", 1))


@operator("ConvTranspose")
def conv_transpose(node: Node, input: Any, w: Any, b: Any = None) -> Wire:
    kernel = weight(node, w)
    axes = kernel.value.ndim - 2
    pads = tuple(node.get("pads", (0,) * 2 * axes))
    if pads[:axes] != pads[axes:] or node.get("auto_pad", "NOTSET") != "NOTSET" or node.get("output_shape"):
        raise node.refuse("with different borders, or a wanted output size")
    return weighted.conv_transpose(
        node,
        wire(node, input),
        kernel,
        None if b is None else weight(node, b),
        tuple(node.get("strides", (1,) * axes)),
        pads[:axes],
        tuple(node.get("output_padding", (0,) * axes)),
        node.get("group", 1),
        tuple(node.get("dilations", (1,) * axes)),
    )


@operator("Gemm")
def gemm(node: Node, a: Any, b: Any, c: Any = None) -> Wire:
    if node.get("transA", 0) or node.get("alpha", 1.0) != 1 or (c is not None and node.get("beta", 1.0) != 1):
        raise node.refuse("with factors, or with its first matrix turned")
    matrix = weight(node, b)
    if not node.get("transB", 0):
        matrix = turned(matrix, lambda value: value.T)
    bias = None if c is None else turned(weight(node, c), lambda value: value.reshape(-1))
    if bias is not None and bias.value.numel() != matrix.value.shape[0]:
        raise node.refuse("with one bias for all outputs")
    return weighted.linear(node, wire(node, a), matrix, bias)


@operator("MatMul")
def matrix_product(node: Node, a: Any, b: Any) -> Wire:
    if isinstance(b, Free) and b.value.ndim == 2:
        matrix = turned(weight(node, b), lambda value: value.T)
        return weighted.linear(node, wire(node, a), matrix, node.bias)
    if isinstance(a, Wire) and isinstance(b, Wire):
        return node.put("MatMul", {}, a, b)
    raise node.refuse("with a weight on its left, or with several matrices")


@operator("BatchNormalization")
def batch_norm(node: Node, input: Any, scale: Any, shift: Any, mean: Any, variance: Any) -> Wire:
    if node.get("training_mode", 0):
        raise node.refuse("in training mode")
    average, spread, factor, bias = (weight(node, one) for one in (mean, variance, scale, shift))
    # ONNX weighs the old average, PyTorch the new one.
    momentum = round(1 - node.get("momentum", 0.9), 6)
    eps = node.get("epsilon", 1e-5)
    return weighted.batch_norm(node, wire(node, input), average, spread, factor, bias, False, momentum, eps)


@operator("InstanceNormalization")
def instance_norm(node: Node, input: Any, scale: Any, shift: Any) -> Wire:
    source = wire(node, input)
    type = {2: "InstanceNorm1d", 3: "InstanceNorm2d", 4: "InstanceNorm3d"}[len(source.shape)]
    params = {"eps": node.get("epsilon", 1e-5), "affine": True}
    held = {"weight": weight(node, scale), "bias": weight(node, shift)}
    return node.put(type, plain(type, params), source, weights=held)


@operator("LayerNormalization")
def layer_norm(node: Node, input: Any, scale: Any, shift: Any = None) -> Wire:
    source = wire(node, input)
    rank = len(source.shape) + 1
    first = node.get("axis", -1) % rank
    factor = weight(node, scale)
    bias = Free("", torch.zeros_like(factor.value)) if shift is None else weight(node, shift)
    return weighted.layer_norm(node, source, source.shape[first - 1 :], factor, bias, node.get("epsilon", 1e-5))


@operator("GroupNormalization")
def group_norm(node: Node, input: Any, scale: Any, shift: Any) -> Wire:
    source, factor, bias = wire(node, input), weight(node, scale), weight(node, shift)
    if factor.value.numel() != source.shape[0]:
        # Up to version 20 there is one factor per group.
        each = source.shape[0] // factor.value.numel()
        factor = turned(factor, lambda value: value.repeat_interleave(each))
        bias = turned(bias, lambda value: value.repeat_interleave(each))
    return weighted.group_norm(node, source, node.get("num_groups"), factor, bias, node.get("epsilon", 1e-5))


@operator("PRelu")
def prelu(node: Node, input: Any, slope: Any) -> Wire:
    return weighted.prelu(node, wire(node, input), weight(node, slope))
