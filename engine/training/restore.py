"""Whether the values of a checkpoint can be gone on with: torch itself takes up much that fails only steps later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_MOST = 2**53
MAX_PIECES = 1_000_000  # samples of the largest batch
_WITH_TENSORS = ("model", "optimiser", "random", "average", "shares")


def check_plain(state: Mapping[str, Any]) -> None:
    """Raise `ValueError` if tensors stand where a training writes plain values only."""
    waiting = [value for key, value in state.items() if key not in _WITH_TENSORS]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        elif value is not None and not isinstance(value, str | int | float):
            raise ValueError(f"it holds {type(value).__name__} where plain values belong")


def numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of numbers, and mappings of numbers, as a dict. Raises `ValueError` for anything else."""
    made = {str(key): numbers(value) if isinstance(value, Mapping) else value for key, value in row.items()}
    for key, value in made.items():
        if isinstance(value, bool) or not isinstance(value, int | float | dict):
            raise ValueError(f"it remembers {key} = {value!r:.40}")
    return made


def whole_position(state: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Return the position in the run if it can be one with `steps` batches an epoch. Raises `ValueError`."""
    if not isinstance(state, Mapping) or set(state) != {"epoch", "batch", "step", "seconds"}:
        raise ValueError("its position in the run is incomplete")
    for name in ("epoch", "batch", "step"):
        value = state[name]
        if type(value) is not int or not 0 <= value <= (steps if name == "batch" else _MOST):
            raise ValueError(f"its position in the run has the {name} {value!r:.40}")
    if type(state["seconds"]) not in (int, float) or not 0 <= state["seconds"] < _MOST:
        raise ValueError(f"it says that {state['seconds']!r:.40} seconds were trained")
    return dict(state)


def whole_pieces(value: Any) -> int:
    """Return the number of pieces that a batch is cut into, if it can be one. Raises `ValueError`."""
    if type(value) is not int or not 1 <= value <= MAX_PIECES:
        raise ValueError(f"it cuts a batch into {value!r:.40} pieces")
    return value


def load_optimiser(optimiser: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Let the optimiser take up `state`. Raises `ValueError` where it has settings or moments of another kind.

    The fused optimisers compute on bare memory, so that a moment of another size would overwrite what lies behind it:
    each is copied into memory laid out like its weight.
    """
    kinds = [{key: _kind(value) for key, value in group.items()} for group in optimiser.param_groups]
    optimiser.load_state_dict(dict(state))
    for before, group in zip(kinds, optimiser.param_groups, strict=True):
        for key, kind in before.items():
            if key not in group or _kind(group[key]) != kind:
                raise ValueError(f"its optimiser has another {key}")
        expected = _moments_of(optimiser, group)
        for parameter in group["params"]:
            moments = optimiser.state.get(parameter, {})
            if moments and set(moments) != set(expected):
                raise ValueError(f"its optimiser remembers {sorted(map(str, moments))}, not {sorted(expected)}")
            for name, value in moments.items():
                moments[name] = _moment(name, value, expected[name], parameter)


def _moments_of(optimiser: torch.optim.Optimizer, group: Mapping[str, Any]) -> dict[str, Any]:
    """What such an optimiser remembers of each weight: None, a number, or a tensor, 0-dimensional or like the weight.

    Found out by one step with a weight of our own, so that no list of optimisers has to be kept here.
    """
    like = group["params"][0]
    weight = torch.nn.Parameter(torch.zeros(2, 3, dtype=like.dtype, device=like.device))
    weight.grad = torch.zeros_like(weight)
    settings = {key: value for key, value in group.items() if key != "params"}
    make: Any = type(optimiser)
    scratch = make([{"params": [weight], **settings}])
    scratch.step()
    return dict(scratch.state[weight])


def _moment(name: str, value: Any, expected: Any, parameter: Tensor) -> Any:
    """A copy of one remembered value if it is of the expected kind."""
    if not isinstance(expected, Tensor) or not isinstance(value, Tensor):
        if type(value) is not type(expected):
            raise ValueError(f"its optimiser has {name} of the kind {type(value).__name__}")
        return value
    shape = expected.shape if expected.ndim == 0 else parameter.shape
    if value.shape != shape or value.dtype != expected.dtype:
        raise ValueError(f"its optimiser has {name} of the sizes {tuple(value.shape)} and type {value.dtype}")
    return value.clone() if expected.ndim == 0 else torch.empty_like(parameter).copy_(value)


def _kind(value: Any) -> Any:
    """What a setting must keep: numbers may change while training, whatever else is set stays as it is."""
    if type(value) in (int, float):
        return float
    if isinstance(value, tuple | list):
        return tuple(_kind(item) for item in value)
    return type(value) if isinstance(value, Tensor) else value
