"""What a module costs: parameters, multiply-accumulates, activation memory; and its window on the picture.

Counts come from the built module and the tensors that it returned on the meta device, so no layer states its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.graph.receptive import EVERYTHING, POINTWISE, UNKNOWN, Step, Window
from engine.graph.spec import Shape

FLOAT_BYTES = 4
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_ADAPTIVE = ("AdaptiveAvgPool", "AdaptiveMaxPool")
# Modules of PyTorch that hold no matrix product, although they may hold weights.
_NO_PRODUCTS = ("activation", "batchnorm", "dropout", "flatten", "instancenorm", "linear", "normalization", "padding",
                "pooling", "upsampling")  # fmt: skip


def parameter_counts(module: nn.Module) -> tuple[int, int]:
    """(all, trainable) numbers in the module's parameters."""
    weights = list(module.parameters())
    return sum(p.numel() for p in weights), sum(p.numel() for p in weights if p.requires_grad)


def multiply_accumulates(module: nn.Module, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    """Multiply-accumulates of one forward call: half of what `torch.utils.flop_counter` counts.

    The usual modules are counted by their formula, a hundred times faster; anything else is run under the counter.
    """
    kind = type(module)
    if isinstance(module, _CONVOLUTIONS) and kind in _CONVOLUTIONS:
        return outputs[0].numel() * math.prod(module.weight.shape[1:])
    if isinstance(module, nn.Linear) and kind is nn.Linear:
        return outputs[0].numel() * module.in_features
    home, _, family = kind.__module__.rpartition(".")
    if home == "torch.nn.modules" and family in _NO_PRODUCTS and kind is not nn.MultiheadAttention:
        return 0
    # The counter watches gradients, and without them trips over a module that hands out a weight as it is.
    with torch.enable_grad(), FlopCounterMode(display=False) as counter:
        module(*inputs)
    return counter.get_total_flops() // 2


def activation_bytes(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
    """Bytes of the outputs that are not just another view of an input."""
    held = {tensor.untyped_storage()._cdata for tensor in inputs}
    return sum(out.numel() * FLOAT_BYTES for out in outputs if out.untyped_storage()._cdata not in held)


def receptive_step(module: nn.Module, before: Shape, after: Shape) -> Step:
    """What the module does to positions, read from the attributes that PyTorch's windowed modules have in common."""
    axes = len(before) - 1
    kind = type(module).__name__
    if isinstance(module, nn.Linear):
        return EVERYTHING if len(before) == 1 else POINTWISE
    if kind.startswith(_ADAPTIVE) and len(after) == axes + 1:
        return _adaptive(before[1:], after[1:])
    if isinstance(module, nn.Upsample) and len(after) == axes + 1:
        reach = 1 if module.mode == "nearest" else 2
        ratio = tuple(a / b for a, b in zip(before[1:], after[1:], strict=True))
        # The first output lies at (r − 1)/2 of an input step, r the shrinking of the step.
        return Window((reach,) * axes, ratio, tuple((reach - 1) / 2 - (r - 1) / 2 for r in ratio))
    if isinstance(module, _TRANSPOSED):
        return _transposed(module, axes)
    if isinstance(module, nn.modules.padding._ConstantPadNd) and len(module.padding) == 2 * axes:
        lows = tuple(float(p) for p in module.padding[-2::-2])
        return Window((1,) * axes, (1.0,) * axes, lows)
    if hasattr(module, "kernel_size"):
        return _window(module, axes)
    if axes < 1 or len(after) == 1 or before[1:] == after[1:]:
        return POINTWISE
    return UNKNOWN


def _per_axis(value: object, axes: int) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,) * axes
    sizes: tuple[int, ...] = tuple(value)  # type: ignore[arg-type]
    return sizes * axes if len(sizes) == 1 else sizes


def _window(module: nn.Module, axes: int) -> Step:
    kernel = _per_axis(module.kernel_size, axes)
    stride = getattr(module, "stride", None)
    stride = kernel if stride is None else _per_axis(stride, axes)
    dilation = _per_axis(getattr(module, "dilation", 1), axes)
    if not len(kernel) == len(stride) == len(dilation) == axes:
        return UNKNOWN
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    padding = getattr(module, "padding", 0)
    if padding == "same":
        padding = tuple((r - 1) // 2 for r in reach)
    elif isinstance(padding, str):
        padding = 0
    before = tuple(float(p) for p in _per_axis(padding, axes))
    return Window(reach, tuple(float(s) for s in stride), before)


def _adaptive(before: Shape, after: Shape) -> Window:
    reach = tuple(math.ceil(b / a) for b, a in zip(before, after, strict=True))
    stride = tuple(b / a for b, a in zip(before, after, strict=True))
    return Window(reach, stride, (0.0,) * len(before))


def _transposed(module: nn.Module, axes: int) -> Window:
    """A transposed convolution spreads: an output sees at most ⌈F/S⌉ inputs, and steps become S times finer."""
    kernel, stride = _per_axis(module.kernel_size, axes), _per_axis(module.stride, axes)
    padding, dilation = _per_axis(module.padding, axes), _per_axis(module.dilation, axes)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    seen = tuple(-(-r // s) for r, s in zip(reach, stride, strict=True))
    # Output 0 stands (P − (F − 1)/2)/S input steps from input 0.
    start = [(p - (r - 1) / 2) / s for p, r, s in zip(padding, reach, stride, strict=True)]
    before = tuple((k - 1) / 2 - c for k, c in zip(seen, start, strict=True))
    return Window(seen, tuple(1 / s for s in stride), before)
