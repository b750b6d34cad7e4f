"""Networks of runs without what only training needs, and without the last enlarging of their scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.graph import edits
from engine.graph.spec import EdgeSpec, NetworkSpec

if TYPE_CHECKING:
    from torch import nn


def only_first(spec: NetworkSpec) -> NetworkSpec:
    """The network up to its first output; what leads to the others only, such as a side head, is not computed."""
    return edits.remove(spec, [node.id for node in spec.outputs[1:]])


def before_enlarging(spec: NetworkSpec) -> tuple[NetworkSpec, tuple[int, int]] | None:
    """The network without the blending (bilinear) enlargement right before its only output.

    Returns that network and the height and width that it enlarged to; None where it ends in another way.
    """
    from engine.training.session import ends

    (output,) = spec.outputs
    (leaving,) = spec.edges_into[output.id]
    last = spec.node(leaving.source)
    if last.type not in ("Upsample", "UpsampleLike") or len(spec.edges_out_of[last.id]) > 1:
        return None
    if last.params.get("mode") != "bilinear" or last.params.get("align_corners", False):
        return None
    feeding = next(edge for edge in spec.edges_into[last.id] if edge.target_port == "in")
    joined = edits.connect(spec, EdgeSpec(feeding.source, output.id, feeding.source_port, leaving.target_port))
    short = edits.remove(joined, [last.id])
    _, height, width = ends(spec)[1][output.id]
    _, low, narrow = ends(short)[1][output.id]
    by_factor = last.type == "Upsample" and last.params.get("size") is None
    if by_factor and (height % low or width % narrow):
        return None  # it blends by its factor, not by the sizes
    return (short, (height, width)) if (height, width) > (low, narrow) else None


def with_weights_of(model: nn.Module, spec: NetworkSpec) -> nn.Module:
    """The module of a part of the model's network, with the model's own weights."""
    from engine.graph.compile import compile_network

    device = next(model.parameters()).device
    part = compile_network(spec)
    names = part.state_dict().keys()
    part.load_state_dict({name: value for name, value in model.state_dict().items() if name in names}, assign=True)
    return part.to(device).eval()
