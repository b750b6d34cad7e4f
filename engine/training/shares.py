"""What is each process's own in the middle of an epoch: going on from there takes up what every one of them had.

When an epoch ends nothing is: random numbers begin anew, sums are added up, and statistics averaged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from engine.training.restore import whole_pieces
from engine.training.seeds import random_state

if TYPE_CHECKING:
    from engine.training.group import Group
    from engine.training.trainer import Trainer

Share = dict[str, Any]


def own_share(trainer: Trainer) -> Share:
    """What this process alone has: random states, sums of the epoch, statistics, and how it cuts batches."""
    return {
        "random": random_state(),
        "tally": trainer.tally.state(),
        "pieces": trainer.pieces,
        "buffers": {name: buffer.detach().cpu().clone() for name, buffer in _statistics(trainer.model).items()},
    }


def joined_tally(shares: list[Share]) -> dict[str, Any]:
    """The sums of all processes as if one had trained alone."""
    tallies = [share["tally"] for share in shares]
    return {
        "loss_sum": sum(tally["loss_sum"] for tally in tallies),
        "sums": {name: sum(tally["sums"].get(name, 0.0) for tally in tallies) for name in tallies[0]["sums"]},
        "count": sum(tally["count"] for tally in tallies),
        "norm": tallies[0]["norm"],
    }


def part_of(state: Mapping[str, Any], group: Group | None, model: nn.Module) -> Mapping[str, Any]:
    """A checkpoint's state as this process goes on from it, its own statistics put into the model.

    With another number of processes, the first goes on with the sums of all, and random numbers go on in another way.
    Raises `ValueError` for statistics of another network.
    """
    shares = state.get("shares")
    if group is None or (not shares and not state["position"]["batch"]):
        return state
    if not isinstance(shares, list) or len(shares) != group.size:
        if group.first:
            return state
        nothing = {"loss_sum": 0.0, "sums": dict.fromkeys(state["tally"]["sums"], 0.0), "count": 0}
        return {**state, "tally": {**state["tally"], **nothing}}
    own = shares[group.rank]
    _take(model, own["buffers"])
    return {**state, "random": own["random"], "tally": own["tally"], "pieces": whole_pieces(own["pieces"])}


@torch.no_grad()
def _take(model: nn.Module, found: Mapping[str, Tensor]) -> None:
    own = _statistics(model)
    if set(found) != set(own):
        raise ValueError("the statistics of its processes belong to another network")
    for name, buffer in own.items():
        if not isinstance(found[name], Tensor) or found[name].shape != buffer.shape:
            raise ValueError(f"{name} has another shape in one of its processes")
        buffer.copy_(found[name])


def _statistics(model: nn.Module) -> dict[str, Tensor]:
    """The buffers that each process gathers from its own share of the batches."""
    return {name: buffer for name, buffer in model.named_buffers() if buffer.is_floating_point()}
