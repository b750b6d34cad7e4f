"""Every schedule against PyTorch's own, step by step."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as own

from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.training.schedules import SCHEDULES, Plan, parse_schedule

PLAN = Plan(epochs=12, steps_per_epoch=7)
RATE = 0.3


def _optimiser(kind: str = "sgd") -> torch.optim.Optimizer:
    weights = [nn.Parameter(torch.zeros(2))]
    if kind == "adam":
        return torch.optim.Adam(weights, lr=RATE)
    return torch.optim.SGD(weights, lr=RATE, momentum=0.9)


def _ours(choice: Choice, kind: str = "sgd") -> list[tuple[float, float]]:
    optimiser = _optimiser(kind)
    stepper = parse_schedule(choice).make(optimiser, PLAN)
    return [(stepper.set_step(step), _momentum(optimiser)) for step in range(PLAN.steps)]


def _momentum(optimiser: torch.optim.Optimizer) -> float:
    group = optimiser.param_groups[0]
    return group["betas"][0] if "betas" in group else group["momentum"]


def _theirs(
    make: Callable[[torch.optim.Optimizer], own.LRScheduler], per_epoch: bool, kind: str = "sgd"
) -> list[tuple[float, float]]:
    optimiser = _optimiser(kind)
    with warnings.catch_warnings():
        # PyTorch warns about stepping a schedule without its optimiser, and about its own use of an old argument.
        warnings.simplefilter("ignore")
        schedule = make(optimiser)
        found = []
        for step in range(PLAN.steps):
            found.append((optimiser.param_groups[0]["lr"], _momentum(optimiser)))
            if not per_epoch or (step + 1) % PLAN.steps_per_epoch == 0:
                schedule.step()
    return found


def _close(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> None:
    for column in (0, 1):
        assert [each[column] for each in ours] == pytest.approx([each[column] for each in theirs], rel=1e-9, abs=1e-15)


def test_constant() -> None:
    assert {rate for rate, _ in _ours(Choice(id="constant"))} == {RATE}


def test_step() -> None:
    ours = _ours(Choice(id="step", options={"every": 3, "factor": 0.5}))
    _close(ours, _theirs(lambda o: own.StepLR(o, 3, 0.5), per_epoch=True))


def test_exponential() -> None:
    ours = _ours(Choice(id="exponential", options={"factor": 0.9}))
    _close(ours, _theirs(lambda o: own.ExponentialLR(o, 0.9), per_epoch=True))


def test_cosine() -> None:
    ours = _ours(Choice(id="cosine", options={"final_share": 0.1}))
    _close(ours, _theirs(lambda o: own.CosineAnnealingLR(o, PLAN.steps, eta_min=0.1 * RATE), per_epoch=False))


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("cycle", [True, False])
def test_one_cycle(kind: str, cycle: bool) -> None:
    ours = _ours(Choice(id="one_cycle", options={"rise": 0.25, "cycle_momentum": cycle}), kind)
    _close(
        ours,
        _theirs(lambda o: own.OneCycleLR(o, RATE, PLAN.steps, pct_start=0.25, cycle_momentum=cycle), False, kind),
    )


def test_warm_up_then_cosine() -> None:
    ours = _ours(Choice(id="cosine", options={"warmup_epochs": 2}))
    warm = 2 * PLAN.steps_per_epoch
    _close(
        ours,
        _theirs(
            lambda o: own.SequentialLR(
                o,
                [own.LinearLR(o, 0.01, 1.0, warm), own.CosineAnnealingLR(o, PLAN.steps - warm)],
                milestones=[warm],
            ),
            per_epoch=False,
        ),
    )


LOSSES = [1.0, 0.9, 0.9, 0.95, 0.91, 0.5, 0.49999, 0.6, 0.6, 0.6, 0.6, 0.4]


def test_plateau() -> None:
    choice = Choice(id="plateau", options={"patience": 1, "factor": 0.5, "threshold": 1e-3})
    optimiser, other = _optimiser(), _optimiser()
    stepper = parse_schedule(choice).make(optimiser, PLAN)
    theirs = own.ReduceLROnPlateau(other, factor=0.5, patience=1, threshold=1e-3)
    for epoch, loss in enumerate(LOSSES):
        assert stepper.set_step(epoch * PLAN.steps_per_epoch) == pytest.approx(other.param_groups[0]["lr"])
        stepper.epoch_done(loss)
        theirs.step(loss)
    assert stepper.set_step(0) < RATE


def test_plateau_remembers_across_a_stop() -> None:
    choice = Choice(id="plateau", options={"patience": 1, "factor": 0.5})
    whole = parse_schedule(choice).make(_optimiser(), PLAN)
    parts = parse_schedule(choice).make(_optimiser(), PLAN)
    for loss in LOSSES:
        whole.epoch_done(loss)
        parts.epoch_done(loss)
        parts, state = parse_schedule(choice).make(_optimiser(), PLAN), parts.state()
        parts.load(state)
        assert parts.set_step(0) == whole.set_step(0)


@pytest.mark.parametrize("id", list(SCHEDULES))
def test_every_schedule_is_a_whole_declaration(id: str) -> None:
    declared = SCHEDULES.get(id)
    assert declared.label
    assert declared.__doc__
    assert all(field.description for field in declared.model_fields.values())
    assert pickle.loads(pickle.dumps(declared())) == declared()


@pytest.mark.parametrize("id", list(SCHEDULES))
@pytest.mark.parametrize("plan", [Plan(1, 1), Plan(1, 3), Plan(2, 1)])
def test_every_schedule_survives_the_shortest_run(id: str, plan: Plan) -> None:
    stepper = SCHEDULES.get(id)().make(_optimiser(), plan)
    rates = [stepper.set_step(step) for step in range(plan.steps)]
    assert all(math.isfinite(rate) and 0 <= rate <= RATE for rate in rates)
    assert max(rates) > 0


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(BadInput, match=r"'step' cannot use every = 0"):
        parse_schedule(Choice(id="step", options={"every": 0}))
    with pytest.raises(BadInput, match=r"Did you mean cosine"):
        parse_schedule(Choice(id="cosin"))
