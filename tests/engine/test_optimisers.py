"""Optimisers against torch.optim with the same settings, and what weight decay leaves alone."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest
import torch
from torch import nn

from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.training.optimisers import OPTIMISERS, make_optimiser, parse_optimiser


def _model() -> nn.Module:
    torch.manual_seed(0)
    # No bias before the normalisation: its gradient is rounding noise, which Adam would blow up.
    return nn.Sequential(nn.Linear(5, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 2))


def _train(model: nn.Module, optimiser: torch.optim.Optimizer) -> torch.Tensor:
    torch.manual_seed(1)
    x, y = torch.randn(32, 5), torch.randn(32, 2)
    for _ in range(20):
        optimiser.zero_grad()
        (model(x) - y).square().mean().backward()
        optimiser.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


OWN: dict[str, tuple[dict[str, object], Callable[..., torch.optim.Optimizer], dict[str, object]]] = {
    "sgd": (
        {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True},
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
    ),
    "adam": (
        {"learning_rate": 0.01, "beta1": 0.8, "beta2": 0.99},
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.8, 0.99)},
    ),
    "adamw": ({"learning_rate": 0.01, "epsilon": 1e-6}, torch.optim.AdamW, {"lr": 0.01, "eps": 1e-6}),
    "adagrad": (
        {"learning_rate": 0.02, "initial": 0.1},
        torch.optim.Adagrad,
        {"lr": 0.02, "initial_accumulator_value": 0.1},
    ),
    "rmsprop": (
        {"learning_rate": 0.01, "smoothing": 0.9, "centred": True},
        torch.optim.RMSprop,
        {"lr": 0.01, "alpha": 0.9, "centered": True},
    ),
}


def test_all_are_compared() -> None:
    assert set(OWN) == set(OPTIMISERS)


@pytest.mark.parametrize("id", list(OWN))
def test_same_weights_as_torch(id: str) -> None:
    options, own, arguments = OWN[id]
    ours, theirs = _model(), _model()
    made = make_optimiser(Choice(id=id, options=options), ours.named_parameters())
    # AdamW decays by default in torch, ours only when asked.
    expected = _train(theirs, own(theirs.parameters(), weight_decay=0.0, **arguments))
    torch.testing.assert_close(_train(ours, made), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("id", list(OWN))
def test_weight_decay_shrinks_weights_but_not_biases(id: str) -> None:
    model = _model()
    model.requires_grad_(True)
    optimiser = make_optimiser(Choice(id=id, options={"learning_rate": 0.01}), model.named_parameters(), 0.1)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(10):
        for p in model.parameters():
            p.grad = torch.zeros_like(p)
        optimiser.step()
    for name, p in model.named_parameters():
        if p.ndim > 1:
            assert p.abs().sum() < before[name].abs().sum()
        else:
            assert torch.equal(p, before[name])


def test_frozen_weights_are_left_out() -> None:
    model = _model()
    model[0].requires_grad_(False)  # type: ignore[index]
    optimiser = make_optimiser(Choice(id="adam"), model.named_parameters())
    held = {id(p) for group in optimiser.param_groups for p in group["params"]}
    assert held == {id(p) for p in model.parameters() if p.requires_grad}


@pytest.mark.parametrize("id", list(OPTIMISERS))
def test_every_optimiser_is_a_whole_declaration(id: str) -> None:
    declared = OPTIMISERS.get(id)
    assert declared.label
    assert declared.__doc__
    assert all(field.description for field in declared.model_fields.values())
    assert pickle.loads(pickle.dumps(declared())) == declared()


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(BadInput, match=r"'adam' cannot use momentum = 0\.9"):
        parse_optimiser(Choice(id="adam", options={"momentum": 0.9}))
