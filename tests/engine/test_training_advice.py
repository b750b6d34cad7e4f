"""What goes wrong in a training is said, each thing once and only when it does."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.datasets.spec import Choice
from engine.events import Event
from engine.training.callbacks.advice import Advisor
from engine.training.events import Advice
from engine.training.trainer import EpochResult
from tests.helpers.training import small_net, trainer_of


def _history(train: list[float], val: list[float], accuracy: float = 0.9, norm: float = 1.0) -> list[EpochResult]:
    return [
        EpochResult(k, k, a, b, 0.01, norm, 1.0, {"train_accuracy": accuracy})
        for k, (a, b) in enumerate(zip(train, val, strict=True), start=1)
    ]


@pytest.mark.parametrize(
    ("kind", "history"),
    [
        ("no_learning", _history([1.1, 1.1, 1.099], [1.1] * 3, accuracy=0.33)),
        ("exploding", _history([1.0, 0.5, 3.0], [1.0, 0.6, 3.1])),
        ("exploding", [*_history([1.0], [1.0]), EpochResult(2, 2, 1.0, 1.0, 0.1, 5000.0, 1.0)]),
        ("overfitting", _history([1, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01], [1, 0.5, 0.65, 0.65, 0.7, 0.8, 0.9])),
        ("", _history([1, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01], [1, 0.5, 0.4, 0.35, 0.34, 0.33, 0.35])),
    ],
)
def test_advice(kind: str, history: list[EpochResult]) -> None:
    heard: list[Event] = []
    advisor = Advisor(heard.append)
    trainer = trainer_of()
    for result in [*history, *history[-1:]]:
        advisor.epoch_done(trainer, result)
    kinds = [event.kind for event in heard if isinstance(event, Advice)]
    assert kinds == ([kind] if kind else [])


def test_dead_units_are_named() -> None:
    heard: list[Event] = []
    model = small_net()
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm2d)
    norm.bias.data[:3] = -100.0
    trainer_of(model, callbacks=[Advisor(heard.append)], optimiser=Choice(id="sgd"), epochs=1).fit(1)
    advice = [event for event in heard if isinstance(event, Advice) and event.kind == "dead_units"]
    assert len(advice) == 1
    assert "3 of the 4 units of '2'" in advice[0].what
    assert not any(module._forward_hooks for module in model.modules())


def test_vanishing_gradient_is_told() -> None:
    heard: list[Event] = []
    torch.manual_seed(0)
    layers: list[nn.Module] = [nn.Flatten(), nn.Linear(64, 16)]
    for _ in range(12):
        layers += [nn.Sigmoid(), nn.Linear(16, 16)]
    model = nn.Sequential(*layers, nn.Sigmoid(), nn.Linear(16, 3))
    trainer_of(model, callbacks=[Advisor(heard.append)], epochs=1).fit(1)
    advice = [event for event in heard if isinstance(event, Advice)]
    assert [event.kind for event in advice] == ["vanishing_gradient"]
    assert "'1'" in advice[0].what


@pytest.mark.parametrize(("unseen", "told"), [(1.0, []), (0.9, ["overfitting"])])
def test_a_loss_that_rises_is_no_harm_while_all_is_answered_right(unseen: float, told: list[str]) -> None:
    heard: list[Event] = []
    advisor = Advisor(heard.append)
    losses = [1, 0.1, 0.01, 0.005, 0.002, 0.001, 0.0001, 0.0001], [1, 0.01, 0.05, 0.05, 0.06, 0.07, 0.08, 0.09]
    for k, (train, val) in enumerate(zip(*losses, strict=True), start=1):
        measures = {"train_accuracy": 1.0, "val_accuracy": unseen}
        advisor.epoch_done(trainer_of(), EpochResult(k, k, train, val, 0.01, 1.0, 1.0, measures))
    assert [event.kind for event in heard if isinstance(event, Advice)] == told
