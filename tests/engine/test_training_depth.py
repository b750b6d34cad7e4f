"""What goes on around a step: pieces of a batch, missing memory, penalties, averages of weights and their start."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from engine.datasets.spec import Choice
from engine.errors import BadInput
from engine.training.averaging import Average
from engine.training.callbacks.base import Callback
from engine.training.initialisations.base import INITIALISATIONS, initialise
from engine.training.trainer import Trainer, cut
from tests.helpers.training import same_bits, trainer_of, weights_of

SGD = Choice(id="sgd", options={"learning_rate": 0.1, "momentum": 0.0})


def plain_net() -> nn.Sequential:
    """Without batch normalisation, whose answer depends on who else is in the batch."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))


def trained(model: nn.Module, epochs: int = 2, **settings: object) -> Trainer:
    trainer = trainer_of(model, optimiser=SGD, batch_size=24, epochs=epochs, **settings)  # type: ignore[arg-type]
    trainer.fit(epochs)
    return trainer


def test_cut_covers_everything_once() -> None:
    for count in range(1, 20):
        for pieces in range(1, 25):
            parts = cut(count, pieces)
            assert [k for start, stop in parts for k in range(start, stop)] == list(range(count))


def test_a_batch_in_pieces_takes_the_same_steps() -> None:
    whole = trained(plain_net())
    trainer = trainer_of(plain_net(), optimiser=SGD, batch_size=24, epochs=2)
    trainer.pieces = 5
    trainer.fit(2)
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(trainer.model.state_dict()[name], weight, rtol=1e-5, atol=1e-6)
    assert trainer.tally.mean_loss == pytest.approx(whole.tally.mean_loss, rel=1e-5)
    assert trainer.tally.sums == whole.tally.sums


class _Small(nn.Module):
    """A network for which more than `most` samples are too many."""

    def __init__(self, inside: nn.Module, most: int) -> None:
        super().__init__()
        self.inside, self.most = inside, most

    def forward(self, x: Tensor) -> Tensor:
        if self.training and len(x) > self.most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        answer: Tensor = self.inside(x)
        return answer


class _Heard(Callback):
    def __init__(self) -> None:
        self.samples: list[int] = []

    def memory_short(self, trainer: Trainer, samples: int) -> None:
        self.samples.append(samples)


def test_a_smaller_batch_is_taken_when_memory_runs_out() -> None:
    heard = _Heard()
    whole = trained(plain_net())
    trainer = trained(_Small(plain_net(), 7), callbacks=[heard])
    assert heard.samples == [12, 6]
    assert trainer.state()["pieces"] == 4
    for name, weight in whole.model.state_dict().items():
        torch.testing.assert_close(trainer.model.state_dict()[f"inside.{name}"], weight, rtol=1e-5, atol=1e-6)


class _SmallEye(_Small):
    """A network that is measured with few samples at once."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training and len(x) > self.most:
            raise RuntimeError("MPS backend out of memory")
        answer: Tensor = self.inside(x)
        return answer


def test_fewer_samples_are_measured_at_once_when_memory_runs_out() -> None:
    whole = trained(plain_net())
    trainer = trained(_SmallEye(plain_net(), 8))
    assert trainer.validation is not None
    assert trainer.validation.batch_size == 8
    assert trainer.outcome is not None
    assert whole.outcome is not None
    assert trainer.outcome.measures == whole.outcome.measures
    assert trainer.outcome.loss == pytest.approx(whole.outcome.loss, rel=1e-5)


def test_memory_that_is_too_small_for_anything_ends_the_run() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        trained(_Small(plain_net(), 0))


def test_other_errors_are_no_lack_of_memory() -> None:
    class _Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="multiplied"):
        trained(_Broken())


def test_l1_pulls_weights_by_a_constant_and_leaves_biases() -> None:
    """Against the gradient of the penalty written into the loss."""
    trainer = trainer_of(plain_net(), optimiser=SGD, batch_size=100, epochs=3, validate=False)
    trainer.descent.l1 = 0.01
    trainer.fit(3)
    model = plain_net()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(3):
        for batch in trainer.batches.epoch(epoch):
            loss = nn.functional.cross_entropy(model(*batch.inputs), batch.targets["label"])
            penalty = sum((p.abs().sum() for p in model.parameters() if p.ndim > 1), torch.zeros(()))
            optimiser.zero_grad()
            (loss + 0.01 * penalty).backward()
            optimiser.step()
    for ours, theirs in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_average_is_that_of_torch() -> None:
    """With a decay that has left its warm-up behind, against `AveragedModel`."""
    model = plain_net()
    ours = Average(model, 0.5)
    torch.manual_seed(3)
    theirs = AveragedModel(model, multi_avg_fn=_by_half)
    theirs.update_parameters(model)  # its first update copies
    ours._steps = 100  # from here on min(d, (1 + t)/(10 + t)) is d
    for _ in range(5):
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight))
        ours.update()
        theirs.update_parameters(model)
    before = weights_of(model)
    with ours.in_place():
        for mine, other in zip(model.parameters(), theirs.module.parameters(), strict=True):
            torch.testing.assert_close(mine, other)
    assert same_bits(before, weights_of(model))


def _by_half(means: list[Tensor], weights: list[Tensor], _count: object) -> None:
    for mean, weight in zip(means, weights, strict=True):
        mean.copy_(0.5 * mean + 0.5 * weight)


def test_the_average_survives_a_stop() -> None:
    model = plain_net()
    average = Average(model, 0.9)
    with torch.no_grad():
        model[0].weight.add_(1)  # type: ignore[operator,union-attr]
    average.update()
    other = Average(plain_net(), 0.9)
    other.load(average.state())
    assert all(torch.equal(a, b) for a, b in zip(average._means, other._means, strict=True))
    with pytest.raises(ValueError, match="another network"):
        Average(nn.Linear(2, 2), 0.9).load(average.state())


DEVIATIONS = {
    "normal": (Choice(id="normal", options={"deviation": 0.3}), 0.3),
    "xavier": (Choice(id="xavier"), math.sqrt(2 / (400 + 300))),
    "xavier, normal": (Choice(id="xavier", options={"spread": "normal"}), math.sqrt(2 / (400 + 300))),
    "kaiming": (Choice(id="kaiming"), math.sqrt(2 / 400)),
    "kaiming, out": (Choice(id="kaiming", options={"keep": "fan_out", "spread": "uniform"}), math.sqrt(2 / 300)),
    "orthogonal": (Choice(id="orthogonal"), math.sqrt(1 / 400)),
    "zeros": (Choice(id="zeros"), 0.0),
}


@pytest.mark.parametrize("name", list(DEVIATIONS))
def test_start_weights_have_the_deviation_of_the_formula(name: str) -> None:
    choice, expected = DEVIATIONS[name]
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(400, 300), nn.BatchNorm1d(300))
    initialise(choice, model)
    weight = model[0].weight.detach()
    assert float(weight.std(correction=0)) == pytest.approx(expected, rel=0.02, abs=1e-9)
    assert float(model[0].bias.detach().abs().max()) == 0
    assert float(model[1].weight.detach().min()) == 1  # type: ignore[arg-type]
    if name == "orthogonal":
        torch.testing.assert_close(weight @ weight.T, torch.eye(300), rtol=1e-4, atol=1e-4)


def test_the_usual_start_is_left_alone_and_unknown_ones_are_told() -> None:
    model = plain_net()
    before = weights_of(model)
    initialise(Choice(id="usual"), model)
    assert same_bits(before, weights_of(model))
    with pytest.raises(BadInput, match="xavier"):
        initialise(Choice(id="xafier"), model)
    assert set(INITIALISATIONS) == {"usual", "zeros", "normal", "xavier", "kaiming", "orthogonal"}


def test_zeros_learn_next_to_nothing() -> None:
    """All units of a layer stay alike, so the hidden layer is worth a single unit."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3))
    initialise(Choice(id="zeros"), model)
    trainer = trained(model, epochs=4)
    weight = trainer.model[1].weight.detach()  # type: ignore[index]
    assert torch.equal(weight, weight[:1].expand_as(weight))
