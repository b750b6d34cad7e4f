"""How PyTorch's modules, functions and methods map back to layers. Used by `engine.graph.trace`.

A module becomes the layer of its class name whose fields are read from the attributes of the same names; what a family
does differently stands in one of the small tables below. `trace` compares the rebuilt module with the original, so a
setting that a layer does not have is noticed and never lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from engine.frozen import freeze
from engine.layers.base import LAYERS

# Module class name -> layer id, where they differ.
_CLASSES = {"DigitRBF": "RBF", "UpsamplingNearest2d": "Upsample"}

# Field of a layer -> how it is read from the module, where it is not the attribute of that name.
_FIELDS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("RBF", "codes"): lambda module: "digits",
    ("RBF", "output"): lambda module: "logits" if module.negate else "distance",
    ("LayerNorm", "dimensions"): lambda module: len(module.normalized_shape),
    ("ZeroPad2d", "padding"): lambda module: module.padding[0],
}


def layer_type(module: nn.Module) -> str | None:
    """Id of the layer that a module is, or None."""
    kind = type(module)
    name = _CLASSES.get(kind.__name__, kind.__name__)
    ours = kind.__module__.startswith("engine.modules")
    return name if name in LAYERS and (ours or kind.__module__.startswith("torch.nn")) else None


def layer_params(type: str, module: nn.Module) -> dict[str, Any]:
    """The layer's parameters, read from the module."""
    found = {}
    for name in LAYERS.get(type).model_fields:
        read = _FIELDS.get((type, name))
        if read is not None:
            found[name] = read(module)
        elif hasattr(module, name):
            found[name] = getattr(module, name)
    return plain(type, found)


def plain(type: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a person would type them: equal pairs as one number, defaults left out, tensors as yes or no."""
    defaults = LAYERS.get(type)().model_dump()
    kept = {}
    for name, value in params.items():
        default = defaults.get(name)
        if isinstance(value, torch.Tensor) or (value is None and isinstance(default, bool)):
            value = value is not None
        value = _single(freeze(value))
        if isinstance(value, float) and value.is_integer() and isinstance(default, int):
            value = int(value)
        no_padding = type == "Conv2d" and name == "padding" and value in (0, "valid")
        if value != _single(freeze(default)) and not no_padding:
            kept[name] = value
    kernel = kept.get("kernel_size", _single(freeze(defaults.get("kernel_size"))))
    if "stride" in kept and kept["stride"] == kernel and defaults.get("stride") is None:
        del kept["stride"]  # a pooling window moves as far as it is large unless told otherwise
    return kept


def _single(value: Any) -> Any:
    """(3, 3) as 3, and whole floats in pairs as integers."""
    if isinstance(value, tuple):
        value = tuple(int(v) if isinstance(v, float) and v.is_integer() else v for v in value)
        if len(value) == 2 and value[0] == value[1] and isinstance(value[0], int):
            return value[0]
    return value


@dataclass(frozen=True)
class Call:
    """What a function or method call means.

    Attributes:
        arguments: names of the arguments after the tensor, in order.
        ignored: arguments that make no difference to a drawing.
        required: values that an argument must have (given or by PyTorch's default), or the call is something else.
    """

    type: str
    arguments: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset({"inplace", "training"})
    required: Mapping[str, Any] = field(default_factory=dict)
    preset: Mapping[str, Any] = field(default_factory=dict)


_FLATTEN = Call("Flatten", ("start_dim", "end_dim"), required={"end_dim": -1}, preset={"start_dim": 0, "end_dim": -1})
_SOFTMAX = Call("Softmax", ("dim", "_stacklevel", "dtype"), frozenset({"_stacklevel"}), {"dtype": None})
_POOL = ("kernel_size", "stride", "padding")
_MAX_POOL = Call(
    "MaxPool2d",
    (*_POOL, "dilation", "ceil_mode", "return_indices"),
    required={"return_indices": False},
    preset={"return_indices": False},
)

FUNCTIONS: dict[Any, Call] = {
    F.relu: Call("ReLU", ("inplace",)),
    torch.relu: Call("ReLU"),
    F.relu6: Call("ReLU6", ("inplace",)),
    F.leaky_relu: Call("LeakyReLU", ("negative_slope", "inplace")),
    F.elu: Call("ELU", ("alpha", "inplace")),
    F.gelu: Call("GELU", ("approximate",)),
    F.silu: Call("SiLU", ("inplace",)),
    F.hardswish: Call("Hardswish", ("inplace",)),
    F.hardsigmoid: Call("Hardsigmoid", ("inplace",)),
    torch.sigmoid: Call("Sigmoid"),
    F.sigmoid: Call("Sigmoid"),
    torch.tanh: Call("Tanh"),
    F.tanh: Call("Tanh"),
    F.softmax: _SOFTMAX,
    torch.softmax: Call("Softmax", ("dim", "dtype"), required={"dtype": None}),
    torch.flatten: _FLATTEN,
    F.max_pool2d: _MAX_POOL,
    torch.max_pool2d: Call("MaxPool2d", (*_POOL, "dilation", "ceil_mode")),
    F.avg_pool2d: Call(
        "AvgPool2d", (*_POOL, "ceil_mode", "count_include_pad", "divisor_override"), required={"divisor_override": None}
    ),
    F.adaptive_avg_pool2d: Call("AdaptiveAvgPool2d", ("output_size",)),
    F.adaptive_max_pool2d: Call("AdaptiveMaxPool2d", ("output_size",)),
    F.dropout: Call("Dropout", ("p", "training", "inplace")),
    F.dropout2d: Call("Dropout2d", ("p", "training", "inplace")),
    F.interpolate: Call(
        "Upsample",
        ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias"),
        required={"size": None, "align_corners": (None, False), "recompute_scale_factor": None, "antialias": False},
        preset={"antialias": False},
    ),
}

METHODS: dict[str, Call] = {
    "relu": Call("ReLU"),
    "relu_": Call("ReLU"),
    "sigmoid": Call("Sigmoid"),
    "tanh": Call("Tanh"),
    "flatten": _FLATTEN,
    "softmax": Call("Softmax", ("dim", "dtype"), required={"dtype": None}),
}


def call_params(call: Call, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The layer's parameters for a call with these arguments after the tensor; None if it has no such layer."""
    if len(args) > len(call.arguments):
        return None
    given = {**call.preset, **dict(zip(call.arguments, args, strict=False)), **kwargs}
    for name, wanted in call.required.items():
        value = given.pop(name, None)
        if value not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return None
    params = {name: value for name, value in given.items() if name not in call.ignored}
    fields = LAYERS.get(call.type).model_fields
    if any(name not in fields for name in params):
        return None
    return plain(call.type, params)
