"""Means over places, and enlarging."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from engine.importing.rules.base import At, axis, function, only
from engine.importing.sketch import Sizes, Unsupported, Wire

_LAST = {2: "AdaptiveAvgPool1d", 3: "AdaptiveAvgPool2d", 4: "AdaptiveAvgPool3d"}


@function(torch.mean, "mean")
def mean(at: At, input: Wire, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Wire:
    dims = [dim] if isinstance(dim, int) else list(dim or ())
    wanted = sorted(axis(one, input) for one in dims)
    rank = len(input.shape)
    if rank in _LAST and wanted == list(range(2, rank + 1)):
        pooled = at.put(_LAST[rank], {}, input, name="pool")
        return pooled if keepdim else at.put("Flatten", {}, pooled, name="flatten")
    if rank == 2 and wanted == [1] and not keepdim:
        turned = at.put("Transpose", {}, input, name="transpose")
        return at.put("Flatten", {}, at.put("AdaptiveAvgPool1d", {}, turned, name="pool"), name="flatten")
    if rank == 3 and wanted == [1, 2] and not keepdim:
        turned = at.put("Permute", {"dims": (3, 1, 2)}, input, name="permute")
        return at.put("Flatten", {}, at.put("AdaptiveAvgPool2d", {}, turned, name="pool"), name="flatten")
    raise Unsupported("mean over other dimensions than the places")


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
    only("interpolate", antialias=(antialias, False), mode=(mode in ("nearest", "bilinear"), True))
    params: dict[str, Any] = {"mode": mode} if mode != "nearest" else {}
    if align_corners:
        params["align_corners"] = True
    if size is not None:
        like = size.of if isinstance(size, Sizes) else None
        if like is not None and len(like.shape) == len(input.shape) and like.shape[1:] == tuple(size):
            if like.shape[1:] == input.shape[1:] and not align_corners:
                return input
            return at.put("UpsampleLike", params, input, like)
        wanted = tuple(size) if isinstance(size, tuple | list) else (size,) * (len(input.shape) - 1)
        return resize(at, input, wanted, params)
    if recompute_scale_factor:
        raise Unsupported("interpolate with recompute_scale_factor=True")
    factors = (
        tuple(scale_factor) if isinstance(scale_factor, tuple | list) else (scale_factor,) * (len(input.shape) - 1)
    )
    if all(float(one).is_integer() for one in factors):
        whole = tuple(int(one) for one in factors)
        return _upsample(at, input, whole, params)
    return resize(at, input, tuple(int(n * f) for n, f in zip(input.shape[1:], factors, strict=True)), params)


def resize(at: At, input: Wire, size: tuple[int, ...], params: dict[str, Any]) -> Wire:
    """Enlarge to a size, by a factor where it is one."""
    if size == input.shape[1:]:
        return input
    if all(a % b == 0 for a, b in zip(size, input.shape[1:], strict=True)):
        return _upsample(at, input, tuple(a // b for a, b in zip(size, input.shape[1:], strict=True)), params)
    raise Unsupported(f"interpolate from {input.shape[1:]} to {size}, which is no whole factor")


def _upsample(at: At, input: Wire, factors: tuple[int, ...], params: dict[str, Any]) -> Wire:
    if len(factors) != 2:
        raise Unsupported("interpolate of what is no picture")
    factor: Any = factors[0] if len(set(factors)) == 1 else factors
    return at.put("Upsample", params | ({"scale_factor": factor} if factor != 2 else {}), input)
