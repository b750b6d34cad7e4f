"""Ordinary inputs for every layer: the first sample that its defaults accept, or what it needs by its nature."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from engine.errors import BadInput
from engine.graph.spec import Shape
from engine.layers.base import Layer
from tests.helpers.detection_samples import SAMPLES as DETECTION

BATCH = 2
SHAPES: tuple[Shape, ...] = ((8, 16, 16), (84,), (16, 32), (8, 6, 6, 6))
BLIND = {"Embedding", "LearnedQueries", "LearnedTensor"}
"""Layers whose input has no gradient: they look at which number it is, or only at how many pictures there are."""


def _unpool() -> list[Tensor]:
    values, switches = nn.MaxPool2d(2, return_indices=True)(torch.randn(BATCH, 4, 8, 8))
    return [values.requires_grad_(), switches]


_SPECIAL: dict[str, Callable[[], Sequence[Tensor]]] = {
    "Embedding": lambda: [torch.randint(0, 100, (BATCH, 12)).float()],
    "MaxUnpool2d": _unpool,
    "LSTMCell": lambda: [torch.randn(BATCH, size, requires_grad=True) for size in (12, 64, 64)],
    "GRUCell": lambda: [torch.randn(BATCH, size, requires_grad=True) for size in (12, 64)],
    "RNNCell": lambda: [torch.randn(BATCH, size, requires_grad=True) for size in (12, 64)],
    "CropLike": lambda: [torch.randn(BATCH, 4, 9, 9, requires_grad=True), torch.randn(BATCH, 4, 6, 6)],
    "Hypercolumn": lambda: [
        torch.randn(BATCH, 3, 16, 16),
        *(torch.randn(BATCH, 4, size, size, requires_grad=True) for size in (8, 4)),
    ],
    "Squeeze": lambda: [torch.randn(BATCH, 4, 6, 1, requires_grad=True)],
    "MatMul": lambda: [torch.randn(BATCH, *shape, requires_grad=True) for shape in ((5, 7), (7, 3))],
    **DETECTION,
}


def sample_inputs(id: str, layer: Layer) -> list[Tensor]:
    """One tensor per input port of the layer with its defaults; two for a variadic port."""
    if id in _SPECIAL:
        return list(_SPECIAL[id]())
    count = 2 if layer.variadic else len(layer.input_ports())
    if count == 0:
        return [torch.randn(BATCH, 3, 8, 8)]
    for shape in SHAPES:
        try:
            layer.build(*[shape] * count)
        except BadInput:
            continue
        return [torch.randn(BATCH, *shape, requires_grad=True) for _ in range(count)]
    raise AssertionError(f"{id} accepts no ordinary input with its defaults")


def results_of(module: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Everything that the module gives, as a list."""
    answer = module(*inputs)
    return [answer] if isinstance(answer, Tensor) else list(answer)
