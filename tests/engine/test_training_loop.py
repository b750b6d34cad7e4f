"""The loop and its callbacks on small pictures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import JobCancelled, JobFailed
from engine.events import Event, Notice
from engine.training.batches import bounds
from engine.training.callbacks.advice import Advisor
from engine.training.callbacks.base import Callback
from engine.training.callbacks.best import BestWeights
from engine.training.callbacks.checkpoints import Checkpoints
from engine.training.callbacks.early_stopping import EarlyStopping
from engine.training.callbacks.metrics_file import MetricsFile
from engine.training.callbacks.reporter import Reporter
from engine.training.callbacks.samples import Samples, spread
from engine.training.checkpoint import best_path, last_path, load_best, load_last
from engine.training.events import EpochDone, SamplePredictions, StepsDone
from engine.training.precision import Precision, half_type
from engine.training.runs import read_metrics
from engine.training.trainer import EpochResult, Trainer
from tests.helpers.training import CPU, same_bits, small_net, stripes, trainer_of, weights_of


class Recorder(Callback):
    """Notes which hooks were called, and can do something at a step."""

    def __init__(self, source: CancelSource | None = None, cancel_at: int = 0) -> None:
        self.calls: list[str] = []
        self.results: list[EpochResult] = []
        self._source = source
        self._cancel_at = cancel_at

    def started(self, trainer: Trainer) -> None:
        self.calls.append("started")

    def step_done(self, trainer: Trainer) -> None:
        if self._source and trainer.position.step == self._cancel_at:
            self._source.cancel()

    def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
        self.results.append(result)

    def interrupted(self, trainer: Trainer) -> None:
        self.calls.append("interrupted")

    def failed(self, trainer: Trainer) -> None:
        self.calls.append("failed")

    def ended(self, trainer: Trainer) -> None:
        self.calls.append("ended")


def test_it_learns() -> None:
    notes = Recorder()
    trainer_of(callbacks=[notes], optimiser=Choice(id="adam", options={"learning_rate": 0.01})).fit(8)
    assert notes.calls == ["started", "ended"]
    assert [result.epoch for result in notes.results] == list(range(1, 9))
    assert notes.results[-1].train_loss < 0.5 * notes.results[0].train_loss
    assert notes.results[-1].measures["val_accuracy"] > 0.9
    assert notes.results[-1].step == 8 * 7  # 100 pictures in batches of 16


def test_the_loop_is_the_textbook_loop() -> None:
    """The same batches, written out by hand, give the same weights."""
    trainer = trainer_of(batch_size=25, epochs=3, optimiser=Choice(id="sgd", options={"learning_rate": 0.1}))
    model = small_net()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for epoch in range(3):
        model.train()
        for batch in trainer.batches.epoch(epoch):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(*batch.inputs), batch.targets["label"]).backward()
            optimiser.step()
    trainer.fit(3)
    for (name, ours), theirs in zip(trainer.model.named_parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5, msg=name)


def test_the_same_seed_gives_the_same_run_and_another_another() -> None:
    def run(seed: int) -> dict[str, torch.Tensor]:
        shaken = (Choice(id="rotate"), Choice(id="noise"))
        trainer = trainer_of(small_net(dropout=0.3), seed=seed, augmentation=shaken)
        trainer.fit(2)
        return weights_of(trainer.model)

    first = run(0)
    torch.rand(5)  # whoever else draws numbers changes nothing
    assert same_bits(first, run(0))
    assert not same_bits(first, run(1))


def test_every_picture_once_an_epoch_and_in_a_new_order() -> None:
    part = stripes(50, 3)
    part.inputs[:, 0, 0, 0] = torch.arange(50, dtype=torch.uint8)
    batches = trainer_of(train=part, batch_size=7).batches

    def order(epoch: int, first: int = 0) -> list[int]:
        return [round(float(x[0, 0, 0]) * 255) for batch in batches.epoch(epoch, first) for x in batch.inputs[0]]

    orders = [order(epoch) for epoch in (0, 1, 0)]
    assert sorted(orders[0]) == list(range(50))
    assert orders[0] != orders[1]
    assert orders[0] == orders[2]
    assert order(0, 3) == orders[0][21:]


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (1, 4, [1]), (3, 1, [1, 2])],
)
def test_no_batch_of_one(count: int, size: int, sizes: list[int]) -> None:
    found = bounds(count, size)
    assert [stop - start for start, stop in found] == sizes
    assert [start for start, _ in found[1:]] == [stop for _, stop in found[:-1]]


def test_cancelling_is_answered_within_the_step() -> None:
    source = CancelSource()
    notes = Recorder(source, cancel_at=5)
    trainer = trainer_of(callbacks=[notes], token=source.token)
    with pytest.raises(JobCancelled):
        trainer.fit(5)
    assert trainer.position.step == 5
    assert notes.calls == ["started", "interrupted"]


class StopAt(Callback):
    """Cancels at a step."""

    def __init__(self, source: CancelSource, step: int) -> None:
        self._source, self._step = source, step

    def step_done(self, trainer: Trainer) -> None:
        if trainer.position.step == self._step:
            self._source.cancel()


SCHEDULES = {
    "plateau": Choice(id="plateau", options={"patience": 0, "factor": 0.5, "threshold": 0.5}),
    "one_cycle": Choice(id="one_cycle"),
}


@pytest.mark.parametrize("schedule", list(SCHEDULES))
@pytest.mark.parametrize("stop_at", [3, 7, 17, 21])
def test_going_on_from_a_state_is_exact(tmp_path: Path, stop_at: int, schedule: str) -> None:
    """In mid-epoch and on its last step; with momentum, dropout, augmentation, a schedule and early stopping."""
    (tmp_path / "checkpoints").mkdir()

    def make(source: CancelSource, *more: Callback) -> tuple[Trainer, MetricsFile]:
        best = BestWeights()
        metrics = MetricsFile(tmp_path, best)
        stopper = EarlyStopping(3, lambda event: None)
        hooks = [best, metrics, stopper, Advisor(lambda event: None), *more, Checkpoints(tmp_path, 1, best)]
        trainer = trainer_of(
            small_net(dropout=0.3),
            epochs=4,
            callbacks=hooks,
            optimiser=Choice(id="adam", options={"learning_rate": 0.02}),
            schedule=SCHEDULES[schedule],
            augmentation=(Choice(id="shift"),),
            clip_norm=1.0,
            token=source.token,
        )
        return trainer, metrics

    whole, whole_metrics = make(CancelSource())
    whole.fit(4)
    source = CancelSource()
    first, _ = make(source, StopAt(source, stop_at))
    with pytest.raises(JobCancelled):
        first.fit(4)
    second, second_metrics = make(CancelSource())
    state = load_last(tmp_path)
    second.model.load_state_dict(state["model"])
    second.load(state)
    assert second.position.step == stop_at
    torch.rand(3)
    second.fit(4)
    assert same_bits(weights_of(whole.model), weights_of(second.model))
    rows = [
        [{k: v for k, v in row.items() if k != "seconds"} for row in m.rows] for m in (whole_metrics, second_metrics)
    ]
    assert rows[0] == rows[1]


def test_nan_stops_with_a_sentence_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()

    class Poison(Callback):
        def epoch_done(self, trainer: Trainer, result: EpochResult) -> None:
            if result.epoch == 2:
                next(trainer.model.parameters()).data.fill_(math.nan)

    best = BestWeights()
    trainer = trainer_of(callbacks=[best, Checkpoints(tmp_path, 1, best), Poison(), notes := Recorder()])
    with pytest.raises(JobFailed, match=r"became NaN .* in epoch 3.*learning rate") as caught:
        trainer.fit(5)
    assert "tenfold" in caught.value.advice
    assert notes.calls == ["started", "failed"]
    kept = load_last(tmp_path)
    assert kept["position"]["epoch"] <= 2
    assert all(tensor.isfinite().all() for tensor in kept["model"].values())
    assert all(tensor.isfinite().all() for tensor in load_best(tmp_path).values())


def test_a_learning_rate_that_explodes_is_told() -> None:
    choice = Choice(id="sgd", options={"learning_rate": 100.0})
    with pytest.raises(JobFailed, match="became"):
        trainer_of(small_net(), optimiser=choice, epochs=50).fit(50)


def test_nothing_is_saved_when_weights_are_bad(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    source = CancelSource()

    class Poison(Callback):
        def step_done(self, trainer: Trainer) -> None:
            next(trainer.model.parameters()).data.fill_(math.inf)
            source.cancel()

    best = BestWeights()
    trainer = trainer_of(callbacks=[best, Poison(), Checkpoints(tmp_path, 1, best)], token=source.token)
    with pytest.raises(JobFailed, match="weights became"):
        trainer.fit(1)
    assert not last_path(tmp_path).exists()
    assert not best_path(tmp_path).exists()


def test_gradients_are_clipped_and_measured_before() -> None:
    class Norms(Callback):
        def __init__(self) -> None:
            self.after: list[float] = []

        def step_done(self, trainer: Trainer) -> None:
            grads = [p.grad for p in trainer.model.parameters() if p.grad is not None]
            self.after.append(float(torch.cat([g.flatten() for g in grads]).norm()))

    norms = Norms()
    trainer = trainer_of(callbacks=[norms], clip_norm=0.05)
    trainer.fit(1)
    assert max(norms.after) <= 0.05 + 1e-6
    assert max(step.norm for step in trainer.tally.take()) > 0.05


def test_steps_are_told_together_and_none_is_lost() -> None:
    heard: list[Event] = []
    best = BestWeights()
    trainer_of(callbacks=[best, Reporter(heard.append, 3, best)], epochs=3).fit(3)
    steps = [event for event in heard if isinstance(event, StepsDone)]
    assert [number for event in steps for number in event.steps] == list(range(1, 22))
    assert all(
        len(event.steps) == len(event.losses) == len(event.learning_rates) == len(event.gradient_norms)
        for event in steps
    )
    assert all(event.images_per_second > 0 and event.memory_bytes > 0 for event in steps)
    epochs = [event for event in heard if isinstance(event, EpochDone)]
    assert [event.epoch for event in epochs] == [1, 2, 3]
    means = [sum(event.train_loss for event in epochs) / 3, sum(sum(event.losses) for event in steps) / 21]
    assert means[0] == pytest.approx(means[1], rel=0.1)


def test_early_stopping_counts_epochs_without_a_lower_loss() -> None:
    heard: list[Event] = []
    stopper = EarlyStopping(2, heard.append)
    trainer = trainer_of()
    losses = [1.0, 0.8, 0.9, 0.7, 0.7, 0.75]
    stopped = []
    for epoch, loss in enumerate(losses, start=1):
        stopper.epoch_done(trainer, EpochResult(epoch, epoch, 1.0, loss, 0.1, 1.0, 1.0))
        stopped.append(trainer.stopping)
    assert stopped == [False, False, False, False, False, True]
    assert isinstance(heard[0], Notice)
    assert "0.7000" in heard[0].what
    again = EarlyStopping(2, heard.append)
    again.load(stopper.state())
    trainer.stopping = False
    again.started(trainer)
    assert trainer.stopping


def test_without_a_validation_loss_nothing_stops_early() -> None:
    heard: list[Event] = []
    trainer = trainer_of(validate=False, callbacks=[EarlyStopping(1, heard.append)], epochs=4)
    trainer.fit(4)
    assert trainer.position.epoch == 4
    assert not heard


def test_best_is_chosen_by_validation() -> None:
    best = BestWeights()
    trainer = trainer_of()
    scores = [(0.5, 1.0), (0.8, 0.9), (0.8, 0.7), (0.7, 0.1), (0.8, 0.8)]
    for epoch, (accuracy, loss) in enumerate(scores, start=1):
        best.epoch_done(trainer, EpochResult(epoch, 0, 0.0, loss, 0.1, 1.0, 1.0, {"val_accuracy": accuracy}))
    assert best.epoch == 3


def test_without_validation_the_last_epoch_counts() -> None:
    best = BestWeights()
    trainer = trainer_of(validate=False, callbacks=[best])
    trainer.fit(2)
    assert best.epoch == 2
    assert best.unsaved is not None
    assert same_bits(best.unsaved, weights_of(trainer.model))


def test_metrics_are_written_and_cut_back(tmp_path: Path) -> None:
    best = BestWeights()
    metrics = MetricsFile(tmp_path, best)
    trainer_of(callbacks=[best, metrics], epochs=3).fit(3)
    rows = read_metrics(tmp_path)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) >= {"train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate", "best"}
    assert rows[2]["val_loss"] == metrics.rows[2]["val_loss"]
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("4,28,1.0,0.0")  # a line that a kill cut off
    assert len(read_metrics(tmp_path)) == 3
    resumed = MetricsFile(tmp_path, best)
    resumed.load({"rows": metrics.rows[:2]})
    resumed.started(trainer_of())
    assert [row["epoch"] for row in read_metrics(tmp_path)] == [1, 2]


def test_samples_are_the_same_pictures_and_of_every_class() -> None:
    heard: list[Event] = []
    part = stripes(30, 2, 100)
    trainer_of(callbacks=[Samples(heard.append, samples=6)], validation=part, epochs=4).fit(4)
    samples = [event for event in heard if isinstance(event, SamplePredictions)]
    assert samples[-1].epoch == 4
    for event in samples:
        truths = [sketch.caption.split(" → ")[0] for sketch in event.samples]
        assert truths == ["left", "right", "top"] * 2
    np.testing.assert_array_equal(samples[0].samples[1].image, part.inputs[1, 0].numpy())
    assert {sketch.mark for sketch in samples[-1].samples} <= {"right", "wrong"}
    assert spread(torch.tensor([2, 2, 2, 0, 0]), 4).tolist() == [3, 0, 4, 1]


def test_mixed_precision_where_the_device_has_it() -> None:
    assert Precision("float32", CPU).dtype is None
    assert Precision("mixed", CPU).dtype == half_type(CPU)
    trainer = trainer_of(epochs=6)
    trainer.precision = Precision("mixed", CPU)
    trainer.precision.dtype = torch.bfloat16
    trainer.fit(6)
    assert trainer.tally.mean_loss < 0.9
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters())


def test_float16_scales_the_loss() -> None:
    """The scaled path takes the same steps as the plain one where nothing overflows."""
    trainer, plain = trainer_of(clip_norm=1.0), trainer_of(clip_norm=1.0)
    trainer.precision._scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    trainer.fit(1)
    plain.fit(1)
    for ours, theirs in zip(trainer.model.parameters(), plain.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-5)
    assert trainer.precision.state()["scale"] == 1024.0
