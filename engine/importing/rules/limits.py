"""Cutting values off below and above."""

from __future__ import annotations

from typing import Any

import torch

from engine.importing.rules.base import At, function
from engine.importing.rules.layer_modules import plain
from engine.importing.sketch import Unsupported, Wire


@function(torch.clamp, torch.clip, "clamp", "clip")
def clamp(at: At, input: Wire, min: Any = None, max: Any = None) -> Wire:
    """Both limits are a Hardtanh, and a lower limit of 0 alone is a ReLU."""
    if max is None and min == 0:
        return at.put("ReLU", {}, input)
    if not isinstance(min, int | float) or not isinstance(max, int | float):
        raise Unsupported("clamp with limits that are not two numbers")
    if (min, max) == (0, 6):
        return at.put("ReLU6", {}, input)
    return at.put("Hardtanh", plain("Hardtanh", {"min_val": float(min), "max_val": float(max)}), input)
