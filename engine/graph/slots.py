"""The straight list of steps that a compiled network runs, and what it may do to the memory of values on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.modules.merge import Add


class Slot(NamedTuple):
    """One step.

    Attributes:
        id: the node.
        module: the submodule that it runs: its own, or that of the node whose weights it shares.
        reads, writes: places of the values.
        frees: places that nobody reads afterwards, so that their memory is given back at once.
        in_place: does the same into the memory of the first input, where nothing else can see that memory.
        maker: submodule that made the first input; a hook on it may have kept the value, which must then stay.
    """

    id: str
    module: str
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    frees: tuple[int, ...] = ()
    in_place: Callable[..., Tensor] | None = None
    maker: str = ""


# These return memory of their own, which no other value is a view of.
_MAKERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm,
           nn.LayerNorm, Add)  # fmt: skip


def planned(slots: Sequence[Slot], exits: tuple[int, ...], modules: Mapping[str, nn.Module]) -> tuple[Slot, ...]:
    """Fill in what each step frees, and where it can work in place without anybody noticing."""
    last: dict[int, int] = {}
    readers: dict[int, int] = dict.fromkeys(exits, 1)
    made: dict[int, Slot] = {}
    for number, slot in enumerate(slots):
        last.update(dict.fromkeys((*slot.reads, *slot.writes), number))
        made.update(dict.fromkeys(slot.writes, slot))
        for place in slot.reads:
            readers[place] = readers.get(place, 0) + 1
    ending: dict[int, list[int]] = {}
    for place, number in last.items():
        if place not in exits:
            ending.setdefault(number, []).append(place)
    result = []
    for number, slot in enumerate(slots):
        slot = slot._replace(frees=tuple(ending.get(number, ())))
        first = slot.reads[0] if slot.reads else None
        if first is not None and first in made and readers[first] == 1 and len(slot.writes) == 1:
            maker = made[first].module
            if makes_memory(modules[maker]):
                slot = slot._replace(in_place=in_place(modules[slot.module], len(slot.reads)), maker=maker)
        result.append(slot)
    return tuple(result)


def makes_memory(module: nn.Module) -> bool:
    """Whether what the module returns is memory of its own, so that it may be written over."""
    return type(module) in _MAKERS


def in_place(module: nn.Module, inputs: int) -> Callable[..., Tensor] | None:
    """What does in place as the module does; None for most."""
    kind = type(module)
    if kind is nn.ReLU:
        return torch.relu_
    if kind is Add and inputs == 2:
        return _add
    if kind in _POINTWISE:
        return partial(_POINTWISE[kind], inplace=True)
    return None


_POINTWISE: dict[type[nn.Module], Callable[..., Any]] = {
    nn.ReLU6: F.relu6,
    nn.Hardswish: F.hardswish,
    nn.Hardsigmoid: F.hardsigmoid,
    nn.SiLU: F.silu,
}


def _add(one: Tensor, other: Tensor) -> Tensor:
    if one.shape == other.shape and one.dtype == other.dtype:
        return one.add_(other)
    return one + other
