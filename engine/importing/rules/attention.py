"""PyTorch's attention module, whose weights have the names of ours."""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn import functional as F

from engine.importing.rules.base import At, function, module, only
from engine.importing.rules.layer_modules import plain
from engine.importing.sketch import Free, Unsupported, Wire


@module("torch.nn.modules.activation.MultiheadAttention")
def multihead_attention(
    at: At,
    module: nn.MultiheadAttention,
    query: Any,
    key: Any,
    value: Any,
    key_padding_mask: Any = None,
    need_weights: bool = True,
    attn_mask: Any = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Wire, Any]:
    what = f"MultiheadAttention ({at.path})"
    only(
        what,
        batch_first=(module.batch_first, True),
        add_zero_attn=(module.add_zero_attn, False),
        bias_k=(module.bias_k, None),
        key_padding_mask=(key_padding_mask, None),
        attn_mask=(attn_mask, None),
    )
    if not all(isinstance(wire, Wire) for wire in (query, key, value)):
        raise Unsupported(what)
    params: dict[str, Any] = {"num_heads": module.num_heads} if module.num_heads != 4 else {}
    params |= {"dropout": module.dropout} if module.dropout else {}
    params |= {"bias": False} if module.in_proj_bias is None else {}
    weights = {name: Free(f"{at.path}.{name}", value) for name, value in module.state_dict().items()}
    if query is key is value:
        return at.put("SelfAttention", params, query, weights=weights), None
    return at.put("MultiHeadAttention", params, query, key, value, weights=weights), None


@function(F.scaled_dot_product_attention)
def dot_product_attention(
    at: At,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Wire:
    only("scaled_dot_product_attention", attn_mask=(attn_mask, None), enable_gqa=(enable_gqa, False))
    params = {"dropout": float(dropout_p), "causal": is_causal, "scale": scale}
    return at.put("DotProductAttention", plain("DotProductAttention", params), query, key, value)
