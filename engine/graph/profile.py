"""Measured time per layer on this machine: what the arithmetic alone cannot tell. Imports torch only when it runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.cancel import CancelToken
from engine.events import Emit, Progress
from engine.graph.spec import NetworkSpec

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Profile:
    """What was measured.

    Attributes:
        device: name of the device, such as "CPU".
        batch: pictures per forward.
        seconds: median time of one forward without looking inside.
        layers: median time per node, in seconds, blocks and the nodes inside them ("block.inner") alike. Taken with a
            clock at every layer, so their sum is somewhat more than `seconds`.
    """

    spec: NetworkSpec
    device: str
    batch: int
    rounds: int
    seconds: float
    layers: Mapping[str, float] = field(default_factory=dict)

    @property
    def pictures_per_second(self) -> float:
        return self.batch / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class ProfileJob:
    """Runs a network forward some rounds and measures every layer; returns a `Profile`.

    Raises `BadInput` if the drawing has errors or the device is not there.
    """

    spec: NetworkSpec
    batch: int = 1
    device: str = "auto"
    rounds: int = 10

    def __call__(self, emit: Emit, token: CancelToken) -> Profile:
        import torch

        from engine.device import device_name, pick_device
        from engine.graph.compile import compile_network
        from engine.graph.example import example_inputs

        device = pick_device(self.device)
        net = compile_network(self.spec).eval().to(device)
        inputs = [value.to(device) for value in example_inputs(self.spec, self.batch)]
        plain: list[float] = []
        layers: dict[str, list[float]] = {}
        steps = 2 * self.rounds + 1
        with torch.inference_mode():
            # The first forward allocates and chooses algorithms; it is not counted.
            _forward(net, inputs, device)
            emit(Progress("Measuring", 1, steps))
            for number in range(self.rounds):
                token.raise_if_cancelled()
                plain.append(_forward(net, inputs, device))
                token.raise_if_cancelled()
                with net.timed() as times:
                    net(*inputs)
                for id, seconds in times.items():
                    layers.setdefault(id, []).append(seconds)
                emit(Progress("Measuring", 2 * number + 3, steps))
        medians = {id: statistics.median(values) for id, values in layers.items()}
        return Profile(self.spec, device_name(device), self.batch, self.rounds, statistics.median(plain), medians)


def _forward(net: Any, inputs: list[torch.Tensor], device: torch.device) -> float:
    from engine.device import synchronise

    synchronise(device)
    begin = time.perf_counter()
    net(*inputs)
    synchronise(device)
    return time.perf_counter() - begin
