"""Kinds of planted faults: a layer of the wrong kind, in the wrong place, or with settings that it does not take."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from engine.frozen import FrozenDict
from engine.graph import edits
from engine.graph.spec import OUTPUT, EdgeSpec, NodeSpec
from engine.layers.base import LAYERS
from tests.helpers.planted_faults import KEEPERS, Fault, Site, inside, is_inner, is_picture, kind


def inserted(site: Site, type: str, **params: Any) -> Fault:
    """A new layer in front of the node.

    Where the layer is there to change the size (a crop, a split, a pixel shuffle), a repaired one may well change that
    of the network's answer.
    """
    spec = site.edit(lambda level: edits.insert_on_edge(level, site.into[0], NodeSpec("planted", type, params)))
    return Fault(spec, ("planted",))


@kind("flatten taken out")
def flatten_removed(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Flatten" or len(site.out_of) != 1 or len(site.shape) != 3 or site.value("start_dim") != 1:
        return None
    seen = [site.out_of[0].target]
    while site.level.by_id[seen[-1]].type in KEEPERS and site.level.edges_out_of.get(seen[-1]):
        seen.append(site.level.edges_out_of[seen[-1]][0].target)
    spec = site.edit(lambda level: edits.remove(level, [site.node.id], heal=True))
    return Fault(spec, tuple(inside(site, seen)), "the first layer behind it that needs a vector says so")


@kind("flatten before a layer for pictures")
def flatten_early(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("Conv2d", "MaxPool2d", "AvgPool2d", "BatchNorm2d") or not is_picture(site):
        return None
    fault = inserted(site, "Flatten")
    return replace(fault, at=("planted", site.node.id), why="a Flatten is sound; what follows needs the picture")


@kind("layer for another number of axes")
def other_axes(site: Site, rng: random.Random) -> Fault | None:
    if site.type[-2:] != "2d" or not is_picture(site) or site.node.shares or not is_inner(site):
        return None
    twins = [f"{site.type[:-2]}{axes}d" for axes in (1, 3) if f"{site.type[:-2]}{axes}d" in LAYERS]
    if not twins or site.type in ("Dropout2d", "ZeroPad2d"):
        return None
    twin = rng.choice(twins)
    kept = {
        k: v for k, v in site.node.params.items() if k in LAYERS.get(twin).model_fields and not isinstance(v, tuple)
    }
    nodes = tuple(
        replace(one, type=twin, params=FrozenDict(kept)) if one.id == site.node.id else one for one in site.level.nodes
    )
    return Fault(site.edit(lambda level: replace(level, nodes=nodes)), (site.node.id,))


def _picture_with_neighbours(site: Site) -> bool:
    return is_picture(site) and is_inner(site) and len(site.into) == 1 and min(site.shape[1:]) >= 2


@kind("recurrent layer on a picture")
def recurrent_on_picture(site: Site, rng: random.Random) -> Fault | None:
    return inserted(site, rng.choice(("LSTM", "GRU", "RNN"))) if _picture_with_neighbours(site) else None


@kind("attention on a picture")
def attention_on_picture(site: Site, rng: random.Random) -> Fault | None:
    return inserted(site, "SelfAttention") if _picture_with_neighbours(site) else None


@kind("reshape that does not come out")
def bad_reshape(site: Site, rng: random.Random) -> Fault | None:
    return inserted(site, "Reshape", shape=(97, 101)) if is_inner(site) and site.shape else None


@kind("split that does not add up")
def bad_split(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or len(site.shape) not in (1, 3) or site.shape[0] < 3:
        return None
    return replace(inserted(site, "Split", sizes=(site.shape[0] - 1, 3)), resized=True)


@kind("chunks that do not divide")
def bad_chunk(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or len(site.shape) not in (1, 3):
        return None
    count = next((n for n in (7, 5, 3, 11) if site.shape[0] % n), None)
    return inserted(site, "Chunk", chunks=count) if count else None


@kind("pixel shuffle that does not divide")
def bad_shuffle(site: Site, rng: random.Random) -> Fault | None:
    if not _picture_with_neighbours(site) or site.shape[0] % 25 == 0:
        return None
    return replace(inserted(site, "PixelShuffle", upscale_factor=5), resized=True)


@kind("crop larger than the picture")
def large_crop(site: Site, rng: random.Random) -> Fault | None:
    if not _picture_with_neighbours(site):
        return None
    return replace(inserted(site, "Crop", margin=max(site.shape[1:])), resized=True)


@kind("norm in groups that do not divide")
def bad_norm_groups(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or len(site.shape) != 3:
        return None
    count = next((n for n in (7, 5, 3, 11) if site.shape[0] % n), None)
    return inserted(site, "GroupNorm", num_groups=count) if count else None


@kind("pooling of one pixel")
def pool_of_pixel(site: Site, rng: random.Random) -> Fault | None:
    if len(site.shape) != 3 or site.shape[1:] != (1, 1) or not is_inner(site):
        return None
    return inserted(site, "MaxPool2d")


@kind("normalisation of one pixel per picture")
def norm_of_pixel(site: Site, rng: random.Random) -> Fault | None:
    if len(site.shape) != 3 or site.shape[1:] != (1, 1) or not is_inner(site):
        return None
    return inserted(site, "BatchNorm2d")


@kind("unpooling with other switches")
def foreign_switches(site: Site, rng: random.Random) -> Fault | None:
    edge = site.into[0] if site.into else None
    if edge is None or not _picture_with_neighbours(site) or site.shape[1] > 64:
        return None
    if site.path and site.level.by_id[edge.source].type == "Input":
        return None  # switches may well come into a block from outside
    back = EdgeSpec(edge.source, "planted", edge.source_port, "indices")
    spec = site.edit(
        lambda level: edits.connect(
            edits.insert_on_edge(level, edge, NodeSpec("planted", "MaxUnpool2d", {"kernel_size": 1})), back
        )
    )
    return Fault(spec, ("planted",))


@kind("embedding of computed values")
def embedding_of_values(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != "Linear" or len(site.shape) != 1 or not is_inner(site):
        return None
    before = site.level.by_id[site.into[0].source]
    if before.type not in ("ReLU", "Tanh", "Linear", "ScaledTanh", "Dropout"):
        return None
    # Tokens come out, so that the answer has one more axis until the embedding is gone again.
    return replace(inserted(site, "Embedding"), resized=False)


# --- settings ---------------------------------------------------------------------------------------------------------

_WRONG: dict[str, tuple[Any, ...]] = {
    "kernel_size": (0, -3, "three", 1.5), "stride": (0, -1), "out_channels": (0, -8, "many"), "out_features": (0, 2.5),
    "p": (1.5, -0.1), "eps": (0, -1.0), "groups": (0,), "num_groups": (0,), "dilation": (0,), "padding": (-1, "wide"),
    "num_heads": (0,), "hidden_size": (0,), "dim": (0, 99), "momentum": (2.0,), "bias": ("yes please",),
}  # fmt: skip


@kind("setting out of its range")
def out_of_range(site: Site, rng: random.Random) -> Fault | None:
    names = [name for name in _WRONG if site.has(name)]
    if not names or not is_inner(site):
        return None
    name = rng.choice(names)
    return Fault(site.set(**{name: rng.choice(_WRONG[name])}), (site.node.id,))


@kind("misspelt setting")
def misspelt_setting(site: Site, rng: random.Random) -> Fault | None:
    names = [name for name in site.node.params if site.has(name) and len(name) > 3]
    if not names or not is_inner(site):
        return None
    name = rng.choice(sorted(names))
    wrong = name[:2] + name[3:]
    params = FrozenDict({wrong if key == name else key: value for key, value in site.node.params.items()})
    return Fault(site.edit(lambda level: edits.put_node(level, replace(site.node, params=params))), (site.node.id,))


@kind("setting of another layer")
def foreign_setting(site: Site, rng: random.Random) -> Fault | None:
    if not is_inner(site) or site.type not in LAYERS:
        return None
    return Fault(site.set(wings=2), (site.node.id,))


@kind("dropout of everything")
def drops_everything(site: Site, rng: random.Random) -> Fault | None:
    if site.type.startswith("Dropout"):
        return Fault(site.set(p=1.0), (site.node.id,))
    return inserted(site, "Dropout", p=1.0) if is_inner(site) and site.type in ("Linear", "Conv2d") else None


@kind("batch norm that never learns its averages")
def frozen_averages(site: Site, rng: random.Random) -> Fault | None:
    return Fault(site.set(momentum=0.0), (site.node.id,)) if site.type.startswith("BatchNorm") else None


@kind("softmax before the loss")
def softmax_at_end(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != OUTPUT or len(site.shape) != 1:
        return None
    return inserted(site, rng.choice(("Softmax", "LogSoftmax")))


@kind("sigmoid before the loss")
def sigmoid_at_end(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != OUTPUT or len(site.shape) != 1:
        return None
    return inserted(site, "Sigmoid")


@kind("batch norm at the end")
def norm_at_end(site: Site, rng: random.Random) -> Fault | None:
    if site.path or site.type != OUTPUT or len(site.shape) != 1:
        return None
    return inserted(site, "BatchNorm1d")


@kind("two activations in a row")
def two_activations(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("ReLU", "Tanh", "SiLU", "ReLU6", "GELU", "Sigmoid", "Hardswish", "ScaledTanh"):
        return None
    fault = inserted(site, rng.choice(("ReLU", "Tanh", "Sigmoid")))
    return replace(fault, at=("planted", site.node.id), why="of two in a row either is the one too many")


@kind("bias before batch norm")
def useless_bias(site: Site, rng: random.Random) -> Fault | None:
    if site.type not in ("Conv2d", "Linear") or site.value("bias") or len(site.out_of) != 1:
        return None
    if not site.level.by_id[site.out_of[0].target].type.startswith("BatchNorm"):
        return None
    return Fault(site.set(bias=True), (site.node.id,))


@kind("dense layer upon dense layer")
def linear_after_linear(site: Site, rng: random.Random) -> Fault | None:
    if site.type != "Linear" or not is_inner(site):
        return None
    fault = inserted(site, "Linear", out_features=site.shape[-1])
    behind = ("planted", site.node.id)
    return replace(fault, at=behind, why="the hint stands at the second of the two") if len(site.shape) == 1 else None
