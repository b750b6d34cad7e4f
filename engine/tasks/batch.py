"""What the loop hands to a network and to its task: named tensors with the batch first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Outputs = Mapping[str, "Tensor"]
"""What a network answers: its Output nodes by id, in the order of the drawing, each tensor with the batch first."""
Run = Callable[..., Outputs]
"""A network: one tensor for each of its Input nodes, in the order of the drawing, to its outputs."""


class Scale(Protocol):
    """What normalised the inputs."""

    def normalise(self, inputs: Tensor) -> Tensor:
        """Inputs of the network from those of the data, such as pictures with values 0 to 255."""
        ...

    def restore(self, inputs: Tensor) -> Tensor:
        """The opposite."""
        ...


@dataclass(frozen=True, eq=False)
class Batch:
    """Some samples of one part.

    Attributes:
        inputs: one tensor for each Input of the network; as it comes from the data there is one: normalised pictures,
            float32 (N, C, H, W), or sequences, float32 (N, T, F) or int64 (N, T).
        targets: what is known of them, by the names of `engine.datasets.annotation`.
        indices: int64, (N,), on the CPU: where each sample stands in its dataset. Random draws that belong to a sample
            depend on it, on the seed and on the epoch alone.
        epoch: counted from 0; -1 where nothing is learned, so that validation sees the same every time.
        seed: of the run.
        scale: for tasks that change the inputs or compare with them; None where they are not normalised.
    """

    inputs: tuple[Tensor, ...]
    targets: Mapping[str, Tensor]
    indices: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    epoch: int = -1
    seed: int = 0
    scale: Scale | None = None

    def __len__(self) -> int:
        return len(self.inputs[0])

    @property
    def learning(self) -> bool:
        """Whether the network is trained with it, or measured."""
        return self.epoch >= 0

    @property
    def device(self) -> torch.device:
        return self.inputs[0].device

    def piece(self, start: int, stop: int) -> Batch:
        """Some of its samples."""
        return replace(
            self,
            inputs=tuple(one[start:stop] for one in self.inputs),
            targets={name: tensor[start:stop] for name, tensor in self.targets.items()},
            indices=self.indices[start:stop],
        )

    def with_(self, **changes: Any) -> Batch:
        return replace(self, **changes)
