"""Operators without weights that keep what a value means: activations, pooling, dropout, resizing."""

from __future__ import annotations

import math
from typing import Any

from engine.importing.onnx_operators.base import Node, given, numbers, operator, wire
from engine.importing.onnx_operators.weighted import padding
from engine.importing.rules.layer_modules import plain
from engine.importing.rules.reductions import pad as border
from engine.importing.sketch import Free, Wire

_SAME = {
    "Relu": "ReLU", "Sigmoid": "Sigmoid", "Tanh": "Tanh", "HardSwish": "Hardswish", "Softplus": "Softplus",
    "Softsign": "Softsign", "Mish": "Mish", "Selu": "SELU",
}  # fmt: skip


@operator(*_SAME)
def activation(node: Node, input: Any) -> Wire:
    return node.put(_SAME[node.type], {}, wire(node, input))


@operator("LeakyRelu")
def leaky_relu(node: Node, input: Any) -> Wire:
    slope = _short(node.get("alpha", 0.01))
    return node.put("LeakyReLU", plain("LeakyReLU", {"negative_slope": slope}), wire(node, input))


@operator("Elu", "Celu")
def elu(node: Node, input: Any) -> Wire:
    type = node.type.upper()
    return node.put(type, plain(type, {"alpha": _short(node.get("alpha", 1.0))}), wire(node, input))


@operator("Gelu")
def gelu(node: Node, input: Any) -> Wire:
    return node.put("GELU", plain("GELU", {"approximate": node.get("approximate", "none")}), wire(node, input))


@operator("HardSigmoid")
def hard_sigmoid(node: Node, input: Any) -> Wire:
    if not math.isclose(node.get("alpha", 0.2), 1 / 6, rel_tol=1e-5) or node.get("beta", 0.5) != 0.5:
        raise node.refuse("with another slope than 1/6")
    return node.put("Hardsigmoid", {}, wire(node, input))


@operator("Clip")
def clip(node: Node, input: Any, low: Any = None, high: Any = None) -> Wire:
    bottom, top = (given(node, name, value) for name, value in (("min", low), ("max", high)))
    if bottom == [0.0] and top == [6.0]:
        return node.put("ReLU6", {}, wire(node, input))
    if bottom == [0.0] and top is None:
        return node.put("ReLU", {}, wire(node, input))
    if bottom is None or top is None:
        raise node.refuse("with one limit")
    params = {"min_val": _short(bottom[0]), "max_val": _short(top[0])}
    return node.put("Hardtanh", plain("Hardtanh", params), wire(node, input))


@operator("Softmax", "LogSoftmax")
def softmax(node: Node, input: Any) -> Wire:
    type = "Softmax" if node.type == "Softmax" else "LogSoftmax"
    source = wire(node, input)
    rank = len(source.shape) + 1
    dim = node.get("axis", -1 if node.opset >= 13 else 1)
    if node.opset < 13 and dim % rank != rank - 1:
        raise node.refuse("over several dimensions, as before version 13")
    place = dim % rank
    return node.put(type, plain(type, {"dim": place if place == 1 else dim}), source)


@operator("MaxPool", "AveragePool")
def pool(node: Node, input: Any) -> Wire:
    source = wire(node, input)
    kernel = tuple(node.get("kernel_shape"))
    axes = len(kernel)
    dilation = tuple(node.get("dilations", (1,) * axes))
    largest = node.type == "MaxPool"
    if node.outputs > 1:
        raise node.refuse("that gives the places of its maxima")
    before = source
    source, pads = padding(node, source, kernel, dilation)
    if source is not before and (largest or not node.get("count_include_pad", 0)):
        raise node.refuse("with different borders before and after")
    params: dict[str, Any] = {
        "kernel_size": kernel,
        "stride": tuple(node.get("strides", (1,) * axes)),
        "padding": pads,
        "ceil_mode": bool(node.get("ceil_mode", 0)),
    }
    params |= {"dilation": dilation} if largest else {"count_include_pad": bool(node.get("count_include_pad", 0))}
    if largest is False and set(dilation) != {1}:
        raise node.refuse("with gaps")
    if not largest and max(pads) == 0:
        del params["count_include_pad"]  # without a border it makes no difference
    type = f"MaxPool{axes}d" if largest else f"AvgPool{axes}d"
    return node.put(type, plain(type, params), source)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: Node, input: Any) -> Wire:
    source = wire(node, input)
    what = "Avg" if node.type == "GlobalAveragePool" else "Max"
    return node.put(f"Adaptive{what}Pool{len(source.shape) - 1}d", {}, source)


@operator("LRN")
def local_response_norm(node: Node, input: Any) -> Wire:
    values = {
        "size": node.get("size"),
        "alpha": _short(node.get("alpha", 1e-4)),
        "beta": _short(node.get("beta", 0.75)),
        "k": _short(node.get("bias", 1.0)),
    }
    return node.put("LocalResponseNorm", plain("LocalResponseNorm", values), wire(node, input))


@operator("Dropout")
def dropout(node: Node, input: Any, ratio: Any = None, training: Any = None) -> Any:
    if not isinstance(input, Wire):
        return input
    share = given(node, "ratio", ratio)
    p = _short(share[0] if share else 0.5)
    return (node.put("Dropout", plain("Dropout", {"p": p}), input), *[None] * (node.outputs - 1))


@operator("Pad")
def pad(node: Node, input: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Wire:
    source = wire(node, input)
    sizes = given(node, "pads", pads) or []
    rank = len(source.shape) + 1
    places = [int(one) % rank for one in numbers(node, axes, "axes")] if axes is not None else list(range(rank))
    half = len(sizes) // 2
    before = dict(zip(places, sizes[:half], strict=True))
    after = dict(zip(places, sizes[half:], strict=True))
    if rank != 4 or any(before.get(dim, 0) or after.get(dim, 0) for dim in (0, 1)):
        raise node.refuse("that adds channels or pictures")
    fill = given(node, "value", value) or [0.0]
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}[
        node.get("mode", "constant")
    ]
    sides = tuple(int(one) for one in (before.get(3, 0), after.get(3, 0), before.get(2, 0), after.get(2, 0)))
    return border(node, source, sides, mode, float(fill[0]))


@operator("Resize", "Upsample")
def resize(node: Node, input: Any, *rest: Any) -> Wire:
    source = wire(node, input)
    inputs = [*rest, None, None, None]
    scales, sizes = (inputs[0], None) if node.type == "Upsample" or node.opset < 11 else (inputs[1], inputs[2])
    axes = len(source.shape) - 1
    mode = {"nearest": "nearest", "linear": {1: "linear", 2: "bilinear", 3: "trilinear"}[axes], "cubic": "bicubic"}[
        node.get("mode", "nearest")
    ]
    params: dict[str, Any] = {"mode": mode}
    how = node.get("coordinate_transformation_mode", "half_pixel" if node.opset >= 11 else "asymmetric")
    if mode == "nearest":
        rounding = node.get("nearest_mode", "round_prefer_floor")
        exact = how == "asymmetric" and (rounding == "floor" or node.opset < 11)
    else:
        params["align_corners"] = how == "align_corners"
        exact = how in ("align_corners", "half_pixel", "pytorch_half_pixel")
    if not exact:
        raise node.refuse(f"that places pixels by {how}")
    type = {1: "Upsample1d", 2: "Upsample", 3: "Upsample3d"}[axes]
    factors = (
        numbers(node, scales, "scales")
        if isinstance(scales, Free) and scales.value.numel()
        else given(node, "scales", None)
    )
    if factors:
        return node.put(type, plain(type, params | {"scale_factor": tuple(factors[2:])}), source)
    wanted = numbers(node, sizes, "sizes")
    size = tuple(int(one) for one in wanted[2:])
    if all(a % b == 0 for a, b in zip(size, source.shape[1:], strict=True)):
        whole = tuple(a // b for a, b in zip(size, source.shape[1:], strict=True))
        return node.put(type, plain(type, params | {"scale_factor": whole}), source)
    return node.put(type, plain(type, params | {"size": size}), source)


@operator("DepthToSpace", "SpaceToDepth")
def depth_to_space(node: Node, input: Any) -> Wire:
    size = node.get("blocksize")
    if node.type == "SpaceToDepth" or node.get("mode", "DCR") != "CRD":
        raise node.refuse("in an order that PixelShuffle does not have")
    return node.put("PixelShuffle", plain("PixelShuffle", {"upscale_factor": size}), wire(node, input))


def _short(value: float) -> float:
    """A number as it was before it was stored with seven digits."""
    return float(f"{value:.7g}")
