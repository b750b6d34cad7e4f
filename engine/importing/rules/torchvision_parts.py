"""torchvision's own modules and functions that are one idea each, known by name so that nobody has to have it."""

from __future__ import annotations

from typing import Any

from torch import nn

from engine.importing.rules.base import At, library_function, module
from engine.importing.rules.layer_modules import plain
from engine.importing.rules.shapes import permute, transpose
from engine.importing.sketch import Free, Wire

_SWIN = "torchvision.models.swin_transformer"
_MAXVIT = "torchvision.models.maxvit"


def own_weights(at: At, module: nn.Module) -> dict[str, Free]:
    """All weights of a module under the names that it has for them."""
    return {name: Free(f"{at.path}.{name}", value) for name, value in module.state_dict().items()}


@library_function("torchvision.ops.stochastic_depth.stochastic_depth")
def stochastic_depth(at: At, input: Wire, p: float, mode: str, training: bool = True) -> Wire:
    return at.put("StochasticDepth", plain("StochasticDepth", {"p": p, "mode": mode}), input)


@module("torchvision.ops.stochastic_depth.StochasticDepth")
def stochastic_depth_module(at: At, module: Any, input: Wire) -> Wire:
    return stochastic_depth(at, input, module.p, module.mode)


@library_function("torchvision.models.shufflenetv2.channel_shuffle")
def channel_shuffle(at: At, x: Wire, groups: int) -> Wire:
    return at.put("ChannelShuffle", plain("ChannelShuffle", {"groups": groups}), x)


@module("torchvision.models.convnext.LayerNorm2d")
def layer_norm_2d(at: At, module: nn.LayerNorm, input: Wire) -> Wire:
    return at.put("LayerNorm2d", plain("LayerNorm2d", {"eps": module.eps}), input, weights=own_weights(at, module))


@module("torchvision.ops.misc.Permute")
def permute_module(at: At, module: Any, input: Wire) -> Wire:
    return permute(at, input, tuple(module.dims))


@module("torchvision.ops.misc.FrozenBatchNorm2d")
def frozen_batch_norm(at: At, module: Any, input: Wire) -> Wire:
    given = plain("FrozenBatchNorm2d", {"eps": module.eps})
    return at.put("FrozenBatchNorm2d", given, input, weights=own_weights(at, module))


@module(f"{_SWIN}.ShiftedWindowAttention", f"{_SWIN}.ShiftedWindowAttentionV2")
def shifted_window_attention(at: At, module: Any, x: Wire) -> Wire:
    cosine = type(module).__name__.endswith("V2")
    params = {
        "num_heads": module.num_heads,
        "window_size": tuple(module.window_size),
        "shift": tuple(module.shift_size),
        "similarity": "cosine" if cosine else "product",
        "attention_dropout": module.attention_dropout,
        "dropout": module.dropout,
    }
    given = plain("ShiftedWindowAttention", params)
    weights = {name: free for name, free in own_weights(at, module).items() if not _is_index(name)}
    return at.put("ShiftedWindowAttention", given, x, weights=weights)


@library_function(f"{_SWIN}._patch_merging_pad")
def patch_merging(at: At, x: Wire) -> Wire:
    return at.put("PatchMerging", {}, x, name="patches")


@module(f"{_MAXVIT}.RelativePositionalMultiHeadAttention")
def relative_attention(at: At, module: Any, x: Wire) -> Wire:
    params = {"num_heads": module.n_heads, "window_size": module.size, "scale": module.scale_factor}
    weights = {name: free for name, free in own_weights(at, module).items() if not _is_index(name)}
    return at.put("RelativeAttention", plain("RelativeAttention", params), x, weights=weights)


@module(f"{_MAXVIT}.WindowPartition")
def window_partition(at: At, module: Any, x: Wire, p: int) -> Wire:
    return at.put("WindowPartition", plain("WindowPartition", {"window_size": p}), x)


@module(f"{_MAXVIT}.WindowDepartition")
def window_merge(at: At, module: Any, x: Wire, p: int, h_partitions: int, w_partitions: int) -> Wire:
    params = {"window_size": p, "rows": h_partitions}
    return at.put("WindowMerge", plain("WindowMerge", params), x)


@module(f"{_MAXVIT}.SwapAxes")
def swap_axes(at: At, module: Any, x: Wire) -> Wire:
    return transpose(at, x, module.a, module.b)


def _is_index(name: str) -> bool:
    """Tables that follow from the window's size: ours are not saved."""
    return name in ("relative_position_index", "relative_coords_table")
