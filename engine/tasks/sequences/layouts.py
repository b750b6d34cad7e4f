"""The shapes in which a network may give a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import BadInput
from engine.tasks.fitting import written

if TYPE_CHECKING:
    from torch import Tensor

    from engine.graph.spec import Shape


def every_step(shape: Shape, steps: int, ahead: int, features: int) -> bool:
    """Whether an output of this shape holds a forecast after every step, rather than one after the last.

    Args:
        shape: of the output, without the batch.
        steps, features: T and F of a sequence.
        ahead: H, how many steps are forecast.

    Raises:
        BadInput: the shape is none of (H·F), (H, F) and (T, H·F).
    """
    if tuple(shape) in ((ahead * features,), (ahead, features)):
        return False
    if tuple(shape) == (steps, ahead * features):
        return True
    raise BadInput(
        f"The network's output is {written(shape)}, and {ahead}×{features} values are to be forecast.",
        f"End it with Linear with {ahead * features} outputs, after the last step of a recurrent layer or after all.",
    )


def forecasts(output: Tensor, steps: int, ahead: int, features: int) -> Tensor:
    """The output as float32, (N, S, H, F): S is 1, or T for a network that answers after every step."""
    count = steps if every_step(tuple(output.shape[1:]), steps, ahead, features) else 1
    return output.float().reshape(len(output), count, ahead, features)


def following(inputs: Tensor, future: Tensor) -> Tensor:
    """What comes after every step: (N, T, H, F) from sequences (N, T, F) and how they go on (N, H, F)."""
    import torch

    whole = torch.cat([inputs, future], 1)  # (N, T + H, F)
    return whole[:, 1:].unfold(1, future.shape[1], 1).transpose(2, 3)
