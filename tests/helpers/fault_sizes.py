"""Kinds of planted faults: widths, sizes and settings that do not fit."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import torch

from engine.graph import edits
from engine.graph.compile import compile_network
from engine.graph.shapes import facts_of
from engine.graph.spec import NodeSpec
from engine.graph.topology import reachable
from tests.helpers.planted_faults import Fault, Site, inside, is_inner, is_picture, kind, meets, pair, stretched

SUM_WHY = "each branch is sound by itself; only where they meet do their widths or sizes disagree"
_SUMS = ("Add", "Multiply")
_MERGES = ("Add", "Multiply", "Concatenate")
_WINDOWS = ("Conv2d", "MaxPool2d", "AvgPool2d")


@kind("channels at a sum")
def channels_at_sum(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or site.value("groups") != 1 or (meet := meets(site, *_SUMS)) is None:
        return None
    spec = site.set(out_channels=site.value("out_channels") + rng.choice((1, 5, 16)))
    return Fault(spec, (site.node.id, meet[0]), SUM_WHY)


@kind("outputs at a sum of vectors")
def outputs_at_sum(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Linear" or (meet := meets(site, *_SUMS)) is None:
        return None
    spec = site.set(out_features=site.value("out_features") + rng.choice((1, 7)))
    return Fault(spec, (site.node.id, meet[0]), SUM_WHY)


def _resized(site: Site, name: str, value: Any, *merges: str) -> Fault | None:
    if site.type not in _WINDOWS or not is_picture(site) or (meet := meets(site, *(merges or _MERGES))) is None:
        return None
    if min(site.shape[1:]) < 4 or stretched(site, meet[0]):
        return None
    return Fault(site.set(**{name: value}), (site.node.id, meet[0], *meet[1]), SUM_WHY)


@kind("stride in a branch")
def stride_in_branch(site: Site, rng: random.Random) -> Fault | None:
    return _resized(site, "stride", 2) if site.has("stride") and site.value("stride") in (1, (1, 1)) else None


@kind("padding lost in a branch")
def padding_lost(site: Site, rng: random.Random) -> Fault | None:
    padded = site.has("padding") and site.has("kernel_size") and site.value("padding") not in (0, "valid", (0, 0))
    return _resized(site, "padding", 0) if padded and pair(site.value("stride") or 2) == (1, 1) else None


@kind("kernel grown in a branch")
def kernel_grown(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or not isinstance(site.value("padding"), int):
        return None
    if pair(site.value("stride")) != (1, 1) or not isinstance(site.value("kernel_size"), int):
        return None
    return _resized(site, "kernel_size", site.value("kernel_size") + 2)


@kind("dilation in a branch")
def dilation_in_branch(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or not isinstance(site.value("padding"), int) or pair(site.value("kernel_size")) < (2, 2):
        return None
    return _resized(site, "dilation", 2) if pair(site.value("dilation")) == (1, 1) else None


@kind("enlarged in a branch")
def enlarged(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in _WINDOWS or not is_picture(site) or (meet := meets(site, *_MERGES)) is None:
        return None
    if stretched(site, meet[0]):
        return None
    edge = site.out_of[0]
    spec = site.edit(lambda level: edits.insert_on_edge(level, edge, NodeSpec("larger", "Upsample")))
    return Fault(spec, ("larger", meet[0], *meet[1]), SUM_WHY)


@kind("groups that do not divide")
def bad_groups(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or not is_picture(site):
        return None
    channels, filters = site.shape[0], site.value("out_channels")
    count = next((n for n in (7, 5, 11, 13) if channels % n or filters % n), None)
    return Fault(site.set(groups=count), (site.node.id,)) if count and count <= max(channels, filters) else None


@kind("kernel larger than the picture")
def large_kernel(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in _WINDOWS or not is_picture(site):
        return None
    if isinstance(site.value("padding"), str) and site.value("padding") != "valid":
        return None
    padding = (0, 0) if isinstance(site.value("padding"), str) else pair(site.value("padding"))
    size = max(site.shape[1:]) + 2 * max(padding) + rng.choice((1, 2, 9))
    return Fault(site.set(kernel_size=size), (site.node.id,))


@kind("dilation larger than the picture")
def large_dilation(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or not is_picture(site) or min(pair(site.value("kernel_size"))) < 2:
        return None
    if site.value("padding") in ("same", "full"):
        return None
    return Fault(site.set(dilation=2 * max(site.shape[1:]) + 9), (site.node.id,))


@kind("pooling padded by more than half")
def pool_padding(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("MaxPool2d", "AvgPool2d"):
        return None
    return Fault(site.set(padding=max(pair(site.value("kernel_size"))) // 2 + 1), (site.node.id,))


@kind("reflected border wider than the picture")
def wide_reflection(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Conv2d" or not is_picture(site) or max(site.shape[1:]) > 512:
        return None
    return Fault(site.set(padding_mode="reflect", padding=max(site.shape[1:]) + 1), (site.node.id,))


@kind("picture too small for the network")
def small_picture(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != "Input" or len(site.spec.inputs) != 1 or len(site.value("shape")) != 3:
        return None
    types = [info.type for info in site.analysis.nodes.values()]
    if "AdaptiveAvgPool2d" not in types or "LayerNorm" in types:
        return None  # its dense layers would be made for the smaller picture, which may then be large enough
    channels = site.value("shape")[0]
    net = compile_network(site.spec).eval()
    try:
        with torch.no_grad():
            net(torch.rand(1, channels, 2, 2))
    except RuntimeError:
        why = "every layer is sound; the first for which nothing is left says so"
        return Fault(site.set(shape=(channels, 2, 2)), tuple(site.analysis.nodes), why)
    return None


@kind("vector at the start")
def vector_input(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != "Input" or len(site.value("shape")) != 3:
        return None
    shape = site.value("shape")
    first = [edge.target for edge in site.out_of]
    if any(site.level.by_id[id].type in ("Flatten", "Reshape") for id in first):
        return None  # which write down whatever comes in a row
    return Fault(
        site.set(shape=(shape[1], shape[2])), (site.node.id, *inside(site, first)),
        "two sizes are a sound input; the first layer that needs a picture says so",
    )  # fmt: skip


@kind("head of another width")
def head_width(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != "Linear" or not isinstance(site.analysis.output, tuple):
        return None
    if len(site.analysis.output) != 1 or not any(site.level.by_id[e.target].type == "Output" for e in site.out_of):
        return None
    if not isinstance(site.analysis.input, tuple) or len(site.analysis.input) != 3:
        return None  # the classes are those of pictures, and what reads sequences is not trained on them
    output = next(e.target for e in site.out_of)
    spec = site.set(out_features=site.value("out_features") + rng.choice((-1, 1, 17)))
    return Fault(
        spec, (site.node.id, output), "any width is sound; against the classes the answer is compared",
        classes=site.analysis.output[0],
    )  # fmt: skip


@kind("width before the codes of the RBF units")
def rbf_width(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Linear" or not any(node.type == "RBF" for node in site.level.nodes):
        return None
    behind = [node.id for node in site.level.nodes if node.type == "RBF"]
    between = [edge.target for edge in site.out_of]
    if not any(edge.target in behind for id in between for edge in site.level.edges_out_of.get(id, ())):
        return None
    why = "the codes are fixed, so the layer that compares with them says it"
    return Fault(site.set(out_features=80), (site.node.id, *behind), why)


@kind("too few maps for the connection table")
def connection_table(site: Site, rng: random.Random) -> Fault | None:
    tables = [node.id for node in site.level.nodes if node.type == "SparseConv2d"]
    feeding = [
        node.id for node in site.level.nodes if node.type == "Conv2d" and set(tables) & reachable(site.level, [node.id])
    ]
    if site.node.id not in feeding[-1:]:
        return None
    return Fault(site.set(out_channels=4), (site.node.id, *tables), "the table is what names maps that are not there")


@kind("heads that do not divide the width")
def bad_heads(site: Site, rng: random.Random) -> Fault | None:
    if not site.has("num_heads") or not site.shape:
        return None
    count = next(n for n in (7, 5, 11) if site.shape[-1] % n)
    return Fault(site.set(num_heads=count), (site.node.id,))


@kind("patches that do not cover the picture")
def bad_patches(site: Site, rng: random.Random) -> Fault | None:
    if not is_picture(site) or not is_inner(site) or len(site.into) != 1:
        return None
    size = next((n for n in (5, 7, 11, 13) if site.shape[1] % n), None)
    if size is None or size > min(site.shape[1:]):
        return None
    # Sound patches are a sequence, which only what stands at the end of the network would take.
    node = NodeSpec("planted", "PatchEmbedding", {"patch_size": size, "embed_dim": 8})
    spec = site.edit(lambda level: edits.insert_on_edge(level, site.into[0], node))
    return Fault(spec, ("planted",), resized=True)


@kind("bottomless transposed convolution")
def output_padding(site: Site, rng: random.Random) -> Fault | None:
    if not site.type.startswith("ConvTranspose"):
        return None
    return Fault(site.set(output_padding=max(pair(site.value("stride"))) + 1), (site.node.id,))


@kind("weights shared with a layer for another width")
def shared_misfit(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("Conv2d", "Linear") or not is_inner(site):
        return None
    others = [
        node for node in site.level.nodes
        if node.type == site.type and node.id != site.node.id and node.shares is None
        and node.params.get("groups", 1) == 1
        and (infos := site.analysis.nodes[site.full(node.id)].input_shapes) and infos[0][:1] != site.shape[:1]
        # Sharing takes over the settings, which would be a second fault if they made another size.
        and _alike_in_size(site, node)
    ]  # fmt: skip
    if not others or site.node.shares or any(node.shares == site.node.id for node in site.level.nodes):
        return None
    owner = others[0].id
    spec = site.edit(lambda level: edits.share_weights(level, site.node.id, owner))
    return Fault(spec, (site.node.id, owner), "both are one layer now, made for two widths")


def _alike_in_size(site: Site, other: NodeSpec) -> bool:
    """Whether the site's layer would give the same size with the other's settings."""
    facts = facts_of(site.type, other.params, (site.shape,))
    return facts.failure is None and facts.output_shapes[0] == site.info.output_shape


@kind("weights shared with a layer of other settings")
def shared_stranger(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("Conv2d", "Linear") or not is_inner(site) or site.node.shares:
        return None
    if any(node.shares == site.node.id for node in site.level.nodes):
        return None
    others = [
        node.id for node in site.level.nodes
        if node.type == site.type and node.id != site.node.id and node.shares is None
        and node.params != site.node.params
    ]  # fmt: skip
    if not others:
        return None
    tied = replace(site.node, shares=rng.choice(others))
    nodes = tuple(tied if node.id == tied.id else node for node in site.level.nodes)
    return Fault(site.edit(lambda level: replace(level, nodes=nodes)), (site.node.id,))


@kind("applied to each row")
def applied_to_each(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Block" or site.node.params.get("each") or len(site.shape) != 3 or site.node.subgraph is None:
        return None
    if not any(node.type == "Conv2d" for node in site.node.subgraph.nodes):
        return None
    spec = site.edit(lambda level: edits.set_each(level, site.node.id, True))
    inner = [f"{site.node.id}.{node.id}" for node in site.node.subgraph.nodes]
    inner += [
        id[len(site.path) :].strip(".") for id in site.analysis.nodes if id.startswith(site.full(site.node.id) + ".")
    ]
    return Fault(spec, (site.node.id, *inner), "a picture has three axes; the layers inside get only two of them")
