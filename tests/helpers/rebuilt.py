"""Modules made again from the constructor calls that stand in generated code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from engine.export.source.calls import Call, constructor
from engine.export.source.holes import written_call
from engine.export.source.text import flat, literal
from engine.graph.spec import Shape


def rebuilt(type: str, params: Mapping[str, Any], shapes: tuple[Shape, ...]) -> nn.Module:
    """A module made by the call that generated code has for a layer."""
    call = constructor(type, params, shapes)
    text = flat(written_call(call, "node", lambda hole, value: (literal(value), True)))
    return eval(text, {"nn": nn, "torch": torch, **_own(call)})


def _own(call: Call) -> dict[str, type[nn.Module]]:
    """The classes that a call names and that PyTorch does not have."""
    names: dict[str, type[nn.Module]] = {call.callee: call.own} if call.own else {}
    for argument in call.arguments:
        if isinstance(argument.value, Call):
            names |= _own(argument.value)
    return names
