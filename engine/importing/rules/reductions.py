"""Means and sums over places, borders, and enlarging."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from engine.importing.rules.base import At, axis, function, only
from engine.importing.rules.layer_modules import plain
from engine.importing.sketch import Sizes, Unsupported, Wire


@function(torch.mean, "mean")
def mean(at: At, input: Wire, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Wire:
    return _reduced(at, "Mean", input, dim, keepdim)


@function(torch.sum, "sum")
def total(at: At, input: Wire, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Wire:
    return _reduced(at, "Sum", input, dim, keepdim)


@function(torch.amax, "amax")
def largest(at: At, input: Wire, dim: Any = (), keepdim: bool = False) -> Wire:
    return _reduced(at, "Max", input, dim, keepdim)


def _reduced(at: At, type: str, input: Wire, dim: Any, keepdim: bool) -> Wire:
    dims = sorted(axis(one, input) for one in ([dim] if isinstance(dim, int) else dim or ()))
    if not dims or dims[0] == 0:
        raise Unsupported(f"{type.lower()} over the batch")
    return at.put(type, plain(type, {"dims": tuple(dims), "keepdim": keepdim}), input)


@function(F.pad)
def pad(at: At, input: Wire, pad: Any, mode: str = "constant", value: float | None = None) -> Wire:
    sizes = tuple(pad)
    if len(input.shape) != 3 or len(sizes) not in (2, 4) or min(sizes) < 0:
        raise Unsupported("a border around what is no picture")
    left, right, top, bottom = (*sizes, 0, 0)[:4]
    margin: Any = (top, bottom, left, right)
    margin = top if len(set(margin)) == 1 else margin
    if margin == 0:
        return input
    return at.put("Pad", plain("Pad", {"margin": margin, "mode": mode, "value": float(value or 0.0)}), input)


@function(F.normalize)
def normalise(at: At, input: Wire, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Any = None) -> Wire:
    only("normalize", out=(out, None))
    given = {"p": p, "dim": axis(dim, input), "eps": eps}
    return at.put("Normalize", plain("Normalize", given), input)


@function(F.interpolate, F.upsample)
def interpolate(
    at: At,
    input: Wire,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Wire:
    only("interpolate", antialias=(antialias, False), recompute_scale_factor=(bool(recompute_scale_factor), False))
    axes = len(input.shape) - 1
    type = {1: "Upsample1d", 2: "Upsample", 3: "Upsample3d"}.get(axes)
    if type is None:
        raise Unsupported("interpolate of what is no picture")
    params: dict[str, Any] = {"mode": mode, "align_corners": bool(align_corners)}
    if size is None:
        return at.put(type, plain(type, params | {"scale_factor": scale_factor}), input)
    wanted = tuple(size) if isinstance(size, tuple | list) else (size,) * axes
    if wanted == input.shape[1:] and not align_corners:
        return input
    like = size.of if isinstance(size, Sizes) else None
    if axes == 2 and mode in ("nearest", "bilinear") and like is not None and like.shape[1:] == wanted:
        return at.put("UpsampleLike", plain("UpsampleLike", params), input, like)
    if all(a % b == 0 for a, b in zip(wanted, input.shape[1:], strict=True)):
        factors = tuple(a // b for a, b in zip(wanted, input.shape[1:], strict=True))
        return at.put(type, plain(type, params | {"scale_factor": factors}), input)
    return at.put(type, plain(type, params | {"size": wanted}), input)
