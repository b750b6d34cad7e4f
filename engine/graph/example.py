"""Inputs to try a network with: random values of the kind that the layers behind each Input expect."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from engine.graph.spec import NetworkSpec, NodeSpec, Shape
from engine.graph.topology import inline
from engine.layers.base import layer_of

# Layers that hand on what they get, so that the reader behind them decides what the input must hold.
_PASSING = ("Identity", "Flatten", "Reshape", "Permute", "Output")


@dataclass(frozen=True)
class _Reader:
    node: NodeSpec
    port: str


def example_inputs(spec: NetworkSpec, batch: int = 1, seed: int = 0) -> tuple[Tensor, ...]:
    """One tensor (N, ...) on the CPU for each Input of `spec`, the same for the same seed.

    Pictures and features are normally distributed; an input behind which an Embedding stands holds whole numbers that
    it knows; one that is read as boxes holds boxes (left, top, right, bottom) inside the picture; one that is read as
    positions holds (x, y) inside the picture.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = inline(spec)
    shapes = [_shape_of(node) for node in spec.inputs]
    return tuple(
        _values(flat, node, (batch, *shape), shapes[0], generator)
        for node, shape in zip(spec.inputs, shapes, strict=True)
    )


def _shape_of(node: NodeSpec) -> Shape:
    """The shape that an Input has, its usual one where none is set."""
    return tuple(layer_of(node).shape)  # type: ignore[attr-defined]


def _values(flat: NetworkSpec, node: NodeSpec, shape: Shape, picture: Shape, generator: torch.Generator) -> Tensor:
    for reader in _readers(flat, node.id):
        if reader.node.type == "Embedding":
            known = int(getattr(layer_of(reader.node), "num_embeddings", 1))
            return torch.randint(0, known, shape, generator=generator)
        if reader.port == "boxes" and shape[-1] == 4:
            return _boxes(shape, picture, generator)
        if reader.port == "positions" and shape[-1] == 2:
            return torch.rand(shape, generator=generator) * (_extent(picture) - 1)
    return torch.randn(shape, generator=generator)


def _readers(flat: NetworkSpec, id: str) -> list[_Reader]:
    """What reads a value, straight or through layers that hand it on."""
    found, work, seen = [], [id], {id}
    while work:
        for edge in flat.edges_out_of.get(work.pop(), ()):
            target = flat.by_id[edge.target]
            found.append(_Reader(target, edge.target_port))
            if target.type in _PASSING and target.id not in seen:
                seen.add(target.id)
                work.append(target.id)
    return found


def _extent(picture: Shape) -> Tensor:
    """(width, height) of the picture."""
    height, width = picture[-2:] if len(picture) >= 2 else (1, 1)
    return torch.tensor([float(width), float(height)])


def _boxes(shape: tuple[int, ...], picture: Shape, generator: torch.Generator) -> Tensor:
    """Boxes between three and five tenths of the picture's sides."""
    size = _extent(picture)
    corner = torch.rand((*shape[:-1], 2), generator=generator) * 0.5 * size
    extent = (0.3 + 0.2 * torch.rand((*shape[:-1], 2), generator=generator)) * size
    return torch.cat([corner, corner + extent], dim=-1)
