"""Modules that are layers here: read back from their attributes, and compared so that no setting is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from engine.errors import VitrineError
from engine.frozen import freeze
from engine.graph.spec import Shape
from engine.layers.base import LAYERS, parse_layer

# Module class name -> layer id, where they differ.
_CLASSES = {
    "DigitRBF": "RBF",
    "UpsamplingNearest2d": "Upsample",
    "LearnedPositions": "PositionalEmbedding",
    "SinusoidalPositions": "PositionalEmbedding",
}
# Layers that share a module, told apart by the sizes of what comes in (their number, for attention).
_BY_INPUT: dict[str, Callable[[Sequence[Shape]], str]] = {
    "Upsample": lambda shapes: {2: "Upsample1d", 4: "Upsample3d"}.get(len(shapes[0]), "Upsample"),
    "MultiHeadAttention": lambda shapes: "SelfAttention" if len(shapes) == 1 else "MultiHeadAttention",
}

# Field of a layer -> how it is read from the module, where it is not the attribute of that name.
_FIELDS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("RBF", "codes"): lambda module: "digits",
    ("RBF", "output"): lambda module: "logits" if module.negate else "distance",
    ("LayerNorm", "dimensions"): lambda module: len(module.normalized_shape),
    ("PositionalEmbedding", "kind"): lambda module: type(module).__name__.removesuffix("Positions").lower(),
    ("Linear", "last_dim"): lambda module: False,
}


def layer_type(module: nn.Module, shapes: Sequence[Shape] = ()) -> str | None:
    """Id of the layer that a module is for inputs of these shapes, or None."""
    kind = type(module)
    name = _CLASSES.get(kind.__name__, kind.__name__)
    if name not in LAYERS or not kind.__module__.startswith(("engine.modules", "torch.nn")):
        return None
    return _BY_INPUT[name](shapes) if name in _BY_INPUT and shapes else name


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


def fitted(type: str, params: dict[str, Any], shapes: Sequence[Shape]) -> dict[str, Any]:
    """The parameters with what PyTorch knows without being told, such as how many inputs there are."""
    if type == "Linear" and shapes and len(shapes[0]) == 3:
        return params | {"last_dim": True}
    kind = LAYERS.get(type)
    if "levels" in kind.model_fields and hasattr(kind, "fixed"):
        count = len(shapes) - len(kind.fixed)  # a port for each level of a pyramid
        return params | ({"levels": count} if count != kind.model_fields["levels"].default else {})
    return params


def underived(type: str, params: Mapping[str, Any], module: nn.Module, shapes: Sequence[Shape]) -> dict[str, Any]:
    """The parameters without those that the layer finds out by itself from what comes in, such as a width."""
    fields = LAYERS.get(type).model_fields
    kept = dict(params)
    for name in [name for name in params if fields[name].default is None and hasattr(module, name)]:
        rest = {key: value for key, value in kept.items() if key != name}
        try:
            with torch.device("meta"):
                found = getattr(parse_layer(type, rest).build(*shapes), name, None)
        except (VitrineError, ValueError, RuntimeError):
            continue  # it cannot do without
        if found is not None and _single(freeze(found)) == _single(freeze(getattr(module, name))):
            kept = rest
    return kept


def plain(type: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a person would type them: equal pairs as one number, defaults left out, tensors as yes or no."""
    defaults = LAYERS.get(type)().model_dump()
    kept = {}
    for name, value in params.items():
        default = defaults.get(name)
        if isinstance(value, torch.Tensor) or (value is None and isinstance(default, bool)):
            value = value is not None
        value = freeze(value) if isinstance(default, tuple) else _single(freeze(value))
        if isinstance(value, float) and value.is_integer() and isinstance(default, int):
            value = int(value)
        no_padding = default == "valid" and name == "padding" and value in (0, "valid")
        if value not in (freeze(default), _single(freeze(default))) and not no_padding:
            kept[name] = value
    kernel = kept.get("kernel_size", _single(freeze(defaults.get("kernel_size"))))
    if "stride" in kept and kept["stride"] == kernel and defaults.get("stride") is None:
        del kept["stride"]  # a pooling window moves as far as it is large unless told otherwise
    return kept


def _single(value: Any) -> Any:
    """(3, 3) as 3, and whole floats in pairs as integers."""
    if isinstance(value, tuple):
        value = tuple(int(v) if isinstance(v, float) and v.is_integer() else v for v in value)
        if len(set(value)) == 1 and isinstance(value[0], int):
            return value[0]
    return value


def differs(module: nn.Module, type: str, params: Mapping[str, Any], shapes: list[Shape]) -> str:
    """What the rebuilt module would say differently from the original; "" if they are the same."""
    with torch.device("meta"):
        ours = parse_layer(type, params).build(*shapes)
    ours_text, theirs_text = _described(ours), _described(module)
    if ours_text != theirs_text:
        return theirs_text
    ours_sizes = {key: value.shape for key, value in ours.state_dict().items()}
    theirs_sizes = {key: value.shape for key, value in module.state_dict().items()}
    return "" if ours_sizes == theirs_sizes else theirs_text


def _described(module: nn.Module) -> str:
    """The module's own description in one spelling."""
    text = re.sub(r",?\s*inplace=(True|False)", "", repr(module))
    text = re.sub(r"padding=valid", "padding=(0, 0)", text)
    text = re.sub(r"\((\d+)(, \1)+\)", r"\1", text)  # 3 for (3, 3)
    text = re.sub(r"\b(\d+)\.0\b", r"\1", text)
    return re.sub(r",? ?padding=0(?=[,)])", "", text)
