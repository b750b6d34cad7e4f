"""Random numbers that are the same however often a run was stopped: seeds of epochs, and states to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def epoch_seed(seed: int, epoch: int) -> int:
    """A seed for one epoch: a stable mix of both numbers, below 2**63."""
    import numpy as np

    # The mix of SeedSequence is guaranteed to stay as it is across versions of numpy.
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0]) >> 1


def random_state() -> dict[str, Any]:
    """The state of every generator that a layer may draw from."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_random_state(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available() and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
    if "mps" in state and torch.backends.mps.is_available():
        torch.mps.set_rng_state(state["mps"])
