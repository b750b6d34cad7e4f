"""Which input a module takes that does not say so: found by trying usual sizes without computing anything."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.conv import _ConvNd

from engine.graph.spec import Shape

USUAL = (3, 224, 224)
_SIDES = (224, 32, 28, 64, 96, 128, 227, 256, 299, 384, 512, 572)
_STEPS = 28


def usual_shapes(module: nn.Module) -> tuple[Shape, ...]:
    """The first usual input that the forward takes: channels as in the first layer, and common sizes of pictures.

    A colour picture of 224×224 if it takes none of them; what is wrong then is said when it is followed.
    """
    for shape in _candidates(module):
        if _takes(module, shape):
            return (shape,)
    return (USUAL,)


def _candidates(module: nn.Module) -> Iterator[Shape]:
    kinds = (_ConvNd, nn.Linear, nn.RNNBase)
    first = next((part for part in module.modules() if isinstance(part, kinds)), None)
    if isinstance(first, nn.Linear):
        for channels in (1, 3):
            side = isqrt(first.in_features // channels)
            if side > 1 and channels * side * side == first.in_features:
                yield (channels, side, side)
        yield (first.in_features,)
    elif isinstance(first, nn.RNNBase):
        yield (_STEPS, first.input_size)
    elif isinstance(first, _ConvNd):
        sizes = len(first.kernel_size)
        for side in _SIDES:
            yield (first.in_channels, *[side] * sizes)
    yield USUAL


def _takes(module: nn.Module, shape: Shape) -> bool:
    """Whether the forward goes through with such an input, on the device that only counts sizes."""
    state = {name: value.to("meta") for name, value in (*module.named_parameters(), *module.named_buffers())}
    were = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), torch.device("meta"):
            functional_call(module, state, (torch.empty(2, *shape),))
    except Exception:  # noqa: BLE001 - it is the module's own affair
        return False
    finally:
        for part, training in were:
            part.training = training
    return True
