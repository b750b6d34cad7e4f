"""The moving average of the weights, which often sees better than the weights of any one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average of a network's weights: `a ← d·a + (1 − d)·w` after every step.

    In the first steps the decay is smaller, `min(d, (1 + t)/(10 + t))`, so that the random start is soon forgotten.
    Buffers, such as the statistics of batch normalisation, are means already and are taken as they are.
    Polyak and Juditsky, 1992; Tarvainen and Valpola, 2017.

    Args:
        decay: d, between 0 and 1.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._decay = decay
        self._steps = 0
        self._weights = [p for p in model.parameters() if p.requires_grad]
        self._means = [p.detach().clone() for p in self._weights]

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights after a step."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(self._means, [p.detach() for p in self._weights], 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average in the network's place for as long as it is measured or kept."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for weight, mean in zip(self._weights, self._means, strict=True):
            kept = weight.detach().clone()
            weight.copy_(mean)
            mean.copy_(kept)

    def state(self) -> dict[str, object]:
        """For the checkpoint: tensors and plain values."""
        names = [name for name, p in self._model.named_parameters() if p.requires_grad]
        return {"steps": self._steps, "means": dict(zip(names, self._means, strict=True))}

    def load(self, state: Mapping[str, object]) -> None:
        """Take up a kept state. Raises `ValueError` where it does not fit the network."""
        means, steps = state["means"], state["steps"]
        names = [name for name, p in self._model.named_parameters() if p.requires_grad]
        if not isinstance(means, Mapping) or set(means) != set(names) or type(steps) is not int or steps < 0:
            raise ValueError("its average of the weights belongs to another network")
        for name, mean in zip(names, self._means, strict=True):
            value = means[name]
            if not isinstance(value, Tensor) or value.shape != mean.shape:
                raise ValueError(f"its average of {name} has another shape")
            mean.copy_(value)
        self._steps = steps
