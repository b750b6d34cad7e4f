"""Functions and methods that are a layer with the same settings, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional as F

from engine.importing.rules.base import FUNCTIONS, METHODS, At
from engine.importing.rules.layer_modules import plain
from engine.importing.sketch import Unsupported, Wire
from engine.layers.base import LAYERS


@dataclass(frozen=True)
class _Like:
    """What a call means.

    Attributes:
        arguments: names of the arguments after the tensor, in order.
        ignored: arguments that make no difference to a drawing.
        required: values that an argument must have (given or by PyTorch's default), or the call is something else.
    """

    type: str
    arguments: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset({"inplace", "training", "_stacklevel"})
    required: Mapping[str, Any] = field(default_factory=dict)
    preset: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, at: At, input: Any, *args: Any, **kwargs: Any) -> Wire:
        if len(args) > len(self.arguments):
            raise Unsupported(f"{self.type} with {len(args) + 1} arguments")
        given = {**self.preset, **dict(zip(self.arguments, args, strict=False)), **kwargs}
        for name, wanted in self.required.items():
            value = given.pop(name, None)
            if value not in (wanted if isinstance(wanted, tuple) else (wanted,)):
                raise Unsupported(f"{self.type} with {name}={value!r}")
        params = {name: value for name, value in given.items() if name not in self.ignored}
        fields = LAYERS.get(self.type).model_fields
        for name in params:
            if name not in fields:
                raise Unsupported(f"{self.type} with {name}={params[name]!r}")
        return at.put(self.type, plain(self.type, params), input)


_POOL = ("kernel_size", "stride", "padding")
_SOFTMAX = _Like("Softmax", ("dim", "_stacklevel", "dtype"), required={"dtype": None})
_SOFTMAX_METHOD = _Like("Softmax", ("dim", "dtype"), required={"dtype": None})
_LOG_SOFTMAX = _Like("LogSoftmax", ("dim", "_stacklevel", "dtype"), required={"dtype": None})
_LOG_SOFTMAX_METHOD = _Like("LogSoftmax", ("dim", "dtype"), required={"dtype": None})


def _max_pool(axes: int) -> _Like:
    names = (*_POOL, "dilation", "ceil_mode", "return_indices")
    return _Like(f"MaxPool{axes}d", names, required={"return_indices": (None, False)})


def _average_pool(axes: int) -> _Like:
    names = (*_POOL, "ceil_mode", "count_include_pad", "divisor_override")
    return _Like(f"AvgPool{axes}d", names, required={"divisor_override": None} if axes > 1 else {})


def _adaptive_max_pool(axes: int) -> _Like:
    names = ("output_size", "return_indices")
    return _Like(f"AdaptiveMaxPool{axes}d", names, required={"return_indices": (None, False)})


def _dropout(type: str) -> _Like:
    return _Like(type, ("p", "training", "inplace"), preset={"p": 0.5})


_TABLE: dict[tuple[Any, ...], _Like] = {
    (F.relu, torch.relu, F.relu_, torch.relu_, "relu", "relu_"): _Like("ReLU", ("inplace",)),
    (F.relu6,): _Like("ReLU6", ("inplace",)),
    (F.leaky_relu,): _Like("LeakyReLU", ("negative_slope", "inplace")),
    (F.elu,): _Like("ELU", ("alpha", "inplace")),
    (F.selu, torch.selu): _Like("SELU", ("inplace",)),
    (F.celu, torch.celu): _Like("CELU", ("alpha", "inplace")),
    (F.mish,): _Like("Mish", ("inplace",)),
    (F.softplus,): _Like("Softplus", ("beta", "threshold")),
    (F.softsign,): _Like("Softsign"),
    (F.logsigmoid,): _Like("LogSigmoid"),
    (F.glu,): _Like("GLU", ("dim",), preset={"dim": -1}),
    (F.hardtanh,): _Like("Hardtanh", ("min_val", "max_val", "inplace")),
    (F.gelu,): _Like("GELU", ("approximate",)),
    (F.silu,): _Like("SiLU", ("inplace",)),
    (F.hardswish,): _Like("Hardswish", ("inplace",)),
    (F.hardsigmoid,): _Like("Hardsigmoid", ("inplace",)),
    (torch.sigmoid, F.sigmoid, "sigmoid", "sigmoid_"): _Like("Sigmoid"),
    (torch.tanh, F.tanh, "tanh", "tanh_"): _Like("Tanh"),
    (F.softmax,): _SOFTMAX,
    (torch.softmax, "softmax"): _SOFTMAX_METHOD,
    (F.log_softmax,): _LOG_SOFTMAX,
    (torch.log_softmax, "log_softmax"): _LOG_SOFTMAX_METHOD,
    (F.max_pool1d, torch.max_pool1d): _max_pool(1),
    (F.max_pool2d, torch.max_pool2d): _max_pool(2),
    (F.max_pool3d, torch.max_pool3d): _max_pool(3),
    (F.avg_pool1d,): _average_pool(1),
    (F.avg_pool2d,): _average_pool(2),
    (F.avg_pool3d,): _average_pool(3),
    (F.adaptive_avg_pool1d,): _Like("AdaptiveAvgPool1d", ("output_size",)),
    (F.adaptive_avg_pool2d,): _Like("AdaptiveAvgPool2d", ("output_size",)),
    (F.adaptive_avg_pool3d,): _Like("AdaptiveAvgPool3d", ("output_size",)),
    (F.adaptive_max_pool1d, torch.adaptive_max_pool1d): _adaptive_max_pool(1),
    (F.adaptive_max_pool2d,): _adaptive_max_pool(2),
    (F.adaptive_max_pool3d,): _adaptive_max_pool(3),
    (F.dropout, torch.dropout): _dropout("Dropout"),
    (F.dropout1d,): _dropout("Dropout1d"),
    (F.dropout2d,): _dropout("Dropout2d"),
    (F.dropout3d,): _dropout("Dropout3d"),
    (F.alpha_dropout,): _Like("AlphaDropout", ("p", "training", "inplace"), preset={"p": 0.5}),
    (F.pixel_shuffle, torch.pixel_shuffle): _Like("PixelShuffle", ("upscale_factor",)),
    (F.pixel_unshuffle, torch.pixel_unshuffle): _Like("PixelUnshuffle", ("downscale_factor",)),
    (F.local_response_norm,): _Like("LocalResponseNorm", ("size", "alpha", "beta", "k")),
    (torch.channel_shuffle,): _Like("ChannelShuffle", ("groups",)),
}

# A layer of the table that this program does not have makes no rule.
for _targets, _rule in _TABLE.items():
    for _target in _targets if _rule.type in LAYERS else ():
        (METHODS if isinstance(_target, str) else FUNCTIONS)[_target] = _rule
