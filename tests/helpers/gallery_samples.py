"""Gallery networks at the smallest size that they take, and inputs to run them with."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.gallery import GALLERY, open_network
from engine.gallery.base import with_input
from engine.graph.spec import NetworkSpec, NodeSpec


def small(id: str, **options: Any) -> NetworkSpec:
    """The gallery network `id` for the smallest pictures that it takes."""
    spec, smallest = open_network(id, **options), GALLERY.get(id).smallest
    if smallest is None:
        return spec
    return with_input(spec, (spec.inputs[0].params["shape"][0], *smallest))


def samples(spec: NetworkSpec, batch: int = 2, seed: int = 0) -> list[Tensor]:
    """One seeded tensor for each input of a network, of the kind that the nodes behind it expect."""
    generator = torch.Generator().manual_seed(seed)
    picture = spec.inputs[0].params["shape"]
    return [_sample(spec, node, batch, picture, generator) for node in spec.inputs]


def _sample(
    spec: NetworkSpec, node: NodeSpec, batch: int, picture: tuple[int, ...], generator: torch.Generator
) -> Tensor:
    shape = (batch, *node.params["shape"])
    readers = [spec.by_id[edge.target] for edge in spec.edges_out_of.get(node.id, ())]
    for reader in readers:
        if reader.type == "Embedding":
            return torch.randint(0, reader.params.get("num_embeddings", 2), shape, generator=generator)
    if node is not spec.inputs[0] and shape[-1] == 4:
        return _boxes(shape, picture, generator)
    if node is not spec.inputs[0] and shape[-1] == 2:
        return torch.rand(shape, generator=generator) * (min(picture[-2:]) - 1)
    return torch.randn(shape, generator=generator)


def _boxes(shape: tuple[int, ...], picture: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Boxes (..., 4) as left, top, right, bottom within the picture, none of them thin."""
    size = torch.tensor([picture[-1], picture[-2]], dtype=torch.float32)
    corner = torch.rand((*shape[:-1], 2), generator=generator) * 0.5 * size
    extent = (0.3 + 0.2 * torch.rand((*shape[:-1], 2), generator=generator)) * size
    return torch.cat([corner, corner + extent], dim=-1)
