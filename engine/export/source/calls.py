"""Calls as values: how a module is made again, read back from the module itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import nn

from engine.frozen import FrozenDict
from engine.graph.spec import Shape
from engine.layers.base import parse_layer

NOTHING = inspect.Parameter.empty
"""The default of an argument that has none."""


@dataclass(frozen=True)
class Ramp:
    """A number that grows with the round of a loop: `start`, `start + step`, ..."""

    start: int
    step: int


@dataclass(frozen=True)
class Argument:
    """One argument of a call; those with `spread` come without their names, one after another."""

    name: str
    value: Any
    default: Any = NOTHING
    positional: bool = False


@dataclass(frozen=True)
class Call:
    """A call that makes a module. `callee` is how the source names it; `own` is the class if it must be copied."""

    callee: str
    arguments: tuple[Argument, ...] = ()
    own: type[nn.Module] | None = None
    package: str = ""


_SIZES = ("kernel_size", "stride", "padding", "dilation", "output_size", "output_padding", "normalized_shape")

Reader = Callable[[Any], Mapping[str, Any]]


def _recurrent(module: Any) -> Mapping[str, Any]:
    names = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"]
    if isinstance(module, nn.RNN):
        names.append("nonlinearity")
    return {name: getattr(module, name) for name in names}


def _attention(module: Any) -> Mapping[str, Any]:
    return {
        "embed_dim": module.embed_dim,
        "num_heads": module.num_heads,
        "dropout": module.dropout,
        "bias": module.in_proj_bias is not None,
        "batch_first": module.batch_first,
    }


# What these were made with cannot be read from attributes of the same names.
_READERS: dict[type[nn.Module], Reader] = {
    nn.RNN: _recurrent,
    nn.LSTM: _recurrent,
    nn.GRU: _recurrent,
    nn.MultiheadAttention: _attention,
}
_DEFAULTS: Mapping[str, Any] = {
    "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False, "nonlinearity": "tanh",
}  # fmt: skip


def constructor(type: str, params: Mapping[str, Any], shapes: tuple[Shape, ...]) -> Call:
    """The call that makes a module equal to that of a layer."""
    return _constructor(type, params if isinstance(params, FrozenDict) else FrozenDict(params), shapes)


@lru_cache(maxsize=16_384)
def _constructor(type: str, params: FrozenDict, shapes: tuple[Shape, ...]) -> Call:
    with torch.device("meta"):
        module = parse_layer(type, params).build(*shapes)
    return call_of(module)


def call_of(module: nn.Module) -> Call:
    """The call that makes an equal module; its arguments are read back from its attributes."""
    kind = type(module)
    home = kind.__module__.partition(".")[0]
    if kind is nn.Sequential:
        parts = [Argument(name, call_of(part), positional=True) for name, part in module.named_children()]
        return Call("nn.Sequential", tuple(parts))
    if kind in _READERS:
        found = _READERS[kind](module).items()
        return Call(
            f"nn.{kind.__name__}", tuple(_argument(name, value, n, kind) for n, (name, value) in enumerate(found))
        )
    arguments = tuple(_read(module))
    if home == "torch":
        return Call(f"nn.{kind.__name__}", arguments)
    if home == "torchvision":
        return Call(kind.__name__, arguments, package=_public(kind))
    return Call(kind.__name__, arguments, own=kind)


def _argument(name: str, value: Any, place: int, kind: type[nn.Module]) -> Argument:
    return Argument(name, value, _DEFAULTS.get(name, NOTHING), place < 2)


def _public(kind: type[nn.Module]) -> str:
    """The module from which a person imports a class of torchvision."""
    import torchvision.ops

    return "torchvision.ops" if hasattr(torchvision.ops, kind.__name__) else kind.__module__


def _read(module: nn.Module) -> list[Argument]:
    found = []
    from_torch = type(module).__module__.startswith("torch.")
    for place, (name, parameter) in enumerate(inspect.signature(type(module)).parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or not hasattr(module, name):
            continue
        value, default = getattr(module, name), parameter.default
        if isinstance(value, torch.Tensor) or (value is None and isinstance(default, bool)):
            value = value is not None
        # PyTorch's own take one number for an equal pair; ours need not.
        if name in _SIZES and from_torch:
            value, default = _short(value, name), _short(default, name)
        value = plain(value)
        if default is None and name == "stride" and value == plain(_short(getattr(module, "kernel_size", None), name)):
            value = None
        positional = default is NOTHING and place < 2 and name != "kernel_size"
        found.append(Argument(name, value, default, positional))
    return found


def _short(value: Any, name: str) -> Any:
    """(3, 3) as 3."""
    if not isinstance(value, tuple) or not value or any(part != value[0] for part in value):
        return value
    return value[0] if name != "normalized_shape" or len(value) == 1 else value


def plain(value: Any) -> Any:
    """Sizes and lists as tuples, all the way down."""
    return tuple(plain(part) for part in value) if isinstance(value, tuple | list) else value


def is_default(value: Any, default: Any) -> bool:
    """Whether an argument may be left out."""
    return type(value) is type(default) and value == default
