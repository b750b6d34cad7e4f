"""Telling sequences apart, saying how they go on, and writing: losses, measures and the forecasts to beat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.metrics import mean_absolute_error, mean_squared_error
from torch import Tensor
from torch.nn import functional as F

from engine.cancel import CancelSource
from engine.datasets.sequences.chaos import mackey_glass
from engine.errors import BadInput
from engine.tasks.base import make_task
from engine.tasks.batch import Batch
from engine.tasks.kinds.characters import Characters
from engine.tasks.sequences.baselines import PENALTIES, fit_linear, lag_within, persistence
from engine.tasks.sequences.chart import FORECAST, Curve, chart
from engine.tasks.sequences.layouts import every_step, following, forecasts
from engine.tasks.sequences.writing import first_character, generate, numbers_of

RNG = np.random.default_rng(0)


def series(count: int = 40, steps: int = 12, ahead: int = 4, features: int = 2) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(count, steps, features, generator=generator)
    return Batch((inputs,), {"future": torch.randn(count, ahead, features, generator=generator)})


# -- forecasting


def test_a_forecast_may_have_four_shapes_and_no_other() -> None:
    for shape in ((8,), (4, 2)):
        assert not every_step(shape, 12, 4, 2)
    assert every_step((12, 8), 12, 4, 2)
    assert not every_step((4,), 12, 4, 1)
    with pytest.raises(BadInput, match="output is 7, and 4×2 values"):
        every_step((7,), 12, 4, 2)
    with pytest.raises(BadInput, match="12×2"):
        every_step((12, 2), 12, 4, 2)


def test_the_same_values_in_every_shape_are_the_same_forecast() -> None:
    values = torch.arange(48.0).reshape(6, 4, 2)
    for output in (values, values.flatten(1)):
        assert torch.equal(forecasts(output, 12, 4, 2)[:, 0], values)
    assert forecasts(torch.zeros(6, 12, 8), 12, 4, 2).shape == (6, 12, 4, 2)


def test_what_follows_every_step_is_cut_from_sequence_and_future() -> None:
    whole = torch.arange(10.0).reshape(1, 10, 1)
    found = following(whole[:, :7], whole[:, 7:])
    assert found.shape == (1, 7, 3, 1)
    assert found[0, :, :, 0].tolist() == [[t + 1.0, t + 2.0, t + 3.0] for t in range(7)]
    assert torch.equal(found[:, -1], whole[:, 7:])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("MSE", F.mse_loss), ("L1", F.l1_loss), ("Huber", lambda a, b: F.huber_loss(a, b, delta=0.3))],
)
def test_losses_are_those_of_pytorch_after_the_last_step_or_every_one(loss: str, expected: Any) -> None:
    task, batch = make_task("forecasting", (), {"loss": loss, "delta": 0.3}), series()
    inputs, future = batch.inputs[0], batch.targets["future"]
    guess = torch.randn(40, 8)
    (found,) = task.losses({"output": guess}, batch).values()
    assert torch.allclose(found, expected(guess.reshape(40, 4, 2), future))
    every = torch.randn(40, 12, 8)
    (found,) = task.losses({"output": every}, batch).values()
    whole = torch.cat([inputs, future], 1)
    truth = torch.stack([whole[:, t + 1 : t + 5] for t in range(12)], 1)
    assert torch.allclose(found, expected(every.reshape(40, 12, 4, 2), truth))
    assert torch.equal(task.decode({"output": every}, batch)["future"], every[:, -1].reshape(40, 4, 2))


def test_the_linear_forecast_is_least_squares_and_finds_a_linear_rule() -> None:
    inputs = RNG.normal(size=(300, 5, 2))
    rule = RNG.normal(size=(10, 6))
    future = (inputs.reshape(300, 10) @ rule + 3).reshape(300, 3, 2)
    found = fit_linear(inputs, future)
    assert found is not None
    assert np.allclose(found(inputs, 3), future, atol=1e-5)
    noisy = future + RNG.normal(size=future.shape)
    plain = LinearRegression().fit(inputs.reshape(300, -1), noisy.reshape(300, -1))
    close = fit_linear(inputs, noisy)
    assert close is not None
    fresh = RNG.normal(size=(50, 5, 2))
    assert np.allclose(close(fresh, 3).reshape(50, -1), plain.predict(fresh.reshape(50, -1)), atol=0.1)


def test_its_penalty_is_chosen_as_scikit_learn_chooses_it() -> None:
    """Few samples with many values, where least squares alone would learn the noise."""
    x = RNG.normal(size=(40, 30, 1))
    y = (x[:, :3, 0].sum(1, keepdims=True) + 2 * RNG.normal(size=(40, 1)))[:, :, None]
    centred = x.reshape(40, 30) - x.reshape(40, 30).mean(0)
    penalties = PENALTIES * np.linalg.eigvalsh(centred.T @ centred).mean()
    theirs = RidgeCV(alphas=penalties).fit(x.reshape(40, 30), y.reshape(40, 1))
    ours = fit_linear(x, y)
    assert ours is not None
    size = float(np.linalg.norm(ours.weights))
    assert size == pytest.approx(float(np.linalg.norm(theirs.coef_)), rel=0.5)
    assert size < 0.7 * float(np.linalg.norm(LinearRegression().fit(x.reshape(40, 30), y.reshape(40, 1)).coef_))
    assert fit_linear(np.zeros((3, 5000, 1)), np.zeros((3, 1, 1))) is None


def measured(task: Any, batch: Batch, guess: Tensor, full: bool = True) -> dict[str, float]:
    meter = task.meter(full)
    for half in (slice(0, 15), slice(15, None)):
        part = Batch((batch.inputs[0][half],), {"future": batch.targets["future"][half]})
        meter.add({"future": guess[half]}, part)
    return dict(meter.result())


def test_errors_equal_scikit_learn_and_skill_compares_with_simple_forecasts() -> None:
    task, batch = make_task("forecasting", ()), series(count=400)
    read, future = batch.inputs[0], batch.targets["future"]
    task.learn_data({"inputs": read, "future": future})
    guess = future + 0.5 * torch.randn_like(future)
    found = measured(task, batch, guess)
    flat = future.flatten().numpy()
    assert found["mae"] == pytest.approx(mean_absolute_error(flat, guess.flatten().numpy()), rel=1e-6)
    assert found["rmse"] == pytest.approx(mean_squared_error(flat, guess.flatten().numpy()) ** 0.5, rel=1e-6)
    last = read[:, -1:].expand(-1, 4, -1)
    assert found["rmse_persistence"] == pytest.approx(float((last - future).square().mean().sqrt()), rel=1e-6)
    assert found["skill_persistence"] == pytest.approx(1 - (found["rmse"] / found["rmse_persistence"]) ** 2)
    assert 0.8 < found["rmse_linear"] < 1.1, "noise has a deviation of 1 and cannot be foretold"
    exact = measured(task, batch, future)
    assert exact["skill_linear"] == 1.0
    assert set(measured(task, batch, guess, full=False)) == {"mae", "rmse", "skill_persistence", "skill_linear"}


def test_errors_are_told_step_by_step() -> None:
    task, batch = make_task("forecasting", ()), series()
    meter = task.meter(full=True)
    steps = torch.arange(1.0, 5.0)[None, :, None]
    meter.add({"future": batch.targets["future"] + steps}, batch)
    report = task.report(meter, [])
    assert [row[1] for row in report.tables[0].rows] == pytest.approx([1, 2, 3, 4], rel=1e-5)
    assert report.plots[0].lines[0].x.tolist() == [1, 2, 3, 4]


def test_where_every_step_looks_ahead_only_what_was_not_read_is_measured() -> None:
    """At each of 10 steps the value 3 steps on is asked: seven of them lie in what the network has read."""
    course = torch.randn(60, 13, 1).cumsum(1)
    read, future = course[:, :10], course[:, 3:]
    assert lag_within(read.numpy(), future.numpy()) == 3
    assert lag_within(read.numpy(), torch.randn(60, 10, 1).numpy()) == 0
    task = make_task("forecasting", ())
    task.learn_data({"inputs": read, "future": future})
    task.check({"input": (10, 1)}, {"output": (10, 1)}, (10, 1))
    batch = Batch((read,), {"future": future})
    guess = future.clone()
    guess[:, -1] += 2
    found = measured(task, batch, guess)
    assert found["rmse"] == pytest.approx(2.0, rel=1e-5)
    assert found["rmse_persistence"] == pytest.approx(
        float((read[:, -1] - future[:, -1]).square().mean().sqrt()), rel=1e-5
    )
    sketch = task.sketch(read[0].numpy(), {"future": guess[0].numpy()}, {"future": future[0].numpy()})
    assert sketch.note == "3 steps ahead"
    assert sketch.score == pytest.approx(-2.0, rel=1e-5)


def test_persistence_repeats_the_last_value() -> None:
    assert persistence(np.arange(6.0).reshape(1, 3, 2), 2).tolist() == [[[4, 5], [4, 5]]]


def test_a_sketch_shows_the_forecast_beside_what_came() -> None:
    task = make_task("forecasting", ())
    past = np.sin(np.arange(30) / 3)[:, None]
    future, guess = np.zeros((5, 1)), np.ones((5, 1))
    sketch = task.sketch(past, {"future": guess}, {"future": future})
    assert sketch.score == -1.0
    assert sketch.image.shape == (240, 480, 3)
    red, _, blue = sketch.image.astype(int).transpose(2, 0, 1)
    assert FORECAST[2] > FORECAST[0]
    assert (blue - red > 60).any()
    chart([Curve(np.zeros((5, 9))), Curve(np.full((3, 9), np.nan))])  # constant, and not a number: no error


def test_networks_that_forecast_other_lengths_are_refused() -> None:
    task = make_task("forecasting", ())
    task.learn_data({"inputs": torch.zeros(3, 12, 2), "future": torch.zeros(3, 4, 2)})
    task.check({"input": (12, 2)}, {"output": (8,)}, (12, 2))
    with pytest.raises(BadInput, match="Linear with 8 outputs"):
        task.check({"input": (12, 2)}, {"output": (10,)}, (12, 2))
    with pytest.raises(BadInput, match="takes 9×2"):
        task.check({"input": (9, 2)}, {"output": (8,)}, (12, 2))
    with pytest.raises(BadInput, match="needs sequences"):
        task.check({"input": (1, 8, 8)}, {"output": (8,)}, (1, 8, 8))


def test_the_chaotic_course_follows_its_rule_and_no_linear_one() -> None:
    token = CancelSource().token
    course = mackey_glass(1500, 2, 0.0, 0.0, 3, token)
    assert np.array_equal(course, mackey_glass(1500, 2, 0.0, 0.0, 3, token))
    assert course.std(0) == pytest.approx([1, 1])
    assert abs(np.corrcoef(course.T)[0, 1]) < 0.5, "each has a beginning of its own"
    # The rule itself, in units of the course: dx/dt = a·g(x(t − 17)) − 0.1·x + c for some scale that has to be found.
    slope = (course[2:, 0] - course[:-2, 0]) / 2
    delayed, now, slope = course[:-18, 0], course[17:-1, 0], slope[16:]
    bent = np.stack([delayed**power for power in range(12)] + [now], 1)
    straight = np.stack([delayed, now, np.ones_like(now)], 1)
    left = [float(np.linalg.lstsq(kind, slope, rcond=None)[1][0]) for kind in (bent, straight)]
    assert left[0] < 0.02 * left[1]


# -- writing

ALPHABET = ("\n", " ", "a", "b", "c")


def text_batch(count: int = 7, steps: int = 9) -> tuple[Batch, Tensor]:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, 5, (count, steps + 1), generator=generator)
    logits = 2 * torch.randn(count, steps, 5, generator=generator)
    return Batch((tokens[:, :-1],), {"tokens": tokens[:, 1:]}), logits


def test_bits_and_perplexity_are_those_of_cross_entropy() -> None:
    task = make_task("characters", ALPHABET)
    batch, logits = text_batch()
    expected = F.cross_entropy(logits.flatten(0, 1), batch.targets["tokens"].flatten()).item()
    (loss,) = task.losses({"output": logits}, batch).values()
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    meter = task.meter()
    for rows in (slice(0, 3), slice(3, None)):
        half = Batch((batch.inputs[0][rows],), {"tokens": batch.targets["tokens"][rows]})
        meter.add(task.decode({"output": logits[rows]}, half), half)
    found = meter.result()
    assert found["bits_per_character"] == pytest.approx(expected / math.log(2), rel=1e-6)
    assert found["perplexity"] == pytest.approx(math.exp(expected), rel=1e-6)
    assert found["accuracy"] == pytest.approx((logits.argmax(2) == batch.targets["tokens"]).float().mean().item())
    sums = task.sums({"output": logits}, batch)
    assert task.running({name: float(value) for name, value in sums.items()}, 7)["accuracy"] == pytest.approx(
        found["accuracy"]
    )
    rows = task.report(meter, []).tables[0].rows
    assert sum(row[1] for row in rows) == 63


class Cycle:
    """A network that is nearly sure that a, b, c and the line break follow one another; keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[list[int]] = []

    def __call__(self, tokens: Tensor) -> dict[str, Tensor]:
        self.shown.append(tokens[0].tolist())
        following = torch.tensor([2, 2, 3, 4, 0])
        return {"output": 3.0 * F.one_hot(following[tokens], 5).float()}


def test_a_text_goes_on_from_its_beginning_through_a_window() -> None:
    network = Cycle()
    draw = torch.Generator().manual_seed(0)
    written = generate(network, torch.tensor([2]), 9, temperature=0.01, generator=draw, window=4)
    assert "".join(ALPHABET[number] for number in written) == "bc\nabc\nab"
    assert network.shown[0] == [2]
    assert max(len(one) for one in network.shown) == 4
    assert network.shown[-1] == written[-5:-1].tolist()


def test_characters_come_as_often_as_their_probability_at_the_temperature_says() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0, 0.0, -1.0])

    def network(tokens: Tensor) -> dict[str, Tensor]:
        return {"output": logits.expand(*tokens.shape, 5)}

    for temperature in (1.0, 0.5, 2.0):
        draw = torch.Generator().manual_seed(3)
        written = generate(network, torch.tensor([0]), 4000, temperature, draw, window=1)
        shares = torch.bincount(written, minlength=5) / 4000
        assert torch.allclose(shares, (logits / temperature).softmax(0), atol=0.03)


def test_the_report_holds_a_text_that_is_the_same_each_time() -> None:
    task = make_task("characters", ALPHABET, {"prompt": "a?b", "length": 30, "temperature": 0.5})
    assert isinstance(task, Characters)
    batch, logits = text_batch()
    meter = task.meter(full=True)
    meter.add(task.decode({"output": logits}, batch), batch)
    assert task.report(meter, []).words == ""
    task.run = Cycle()
    words = task.report(meter, []).words
    assert words.startswith("abc")
    assert len(words) == 32, "what is not in the alphabet is left out of the prompt"
    assert words == task.report(meter, []).words
    assert numbers_of("c?a", ALPHABET) == [4, 2]
    assert first_character(("x", " ")) == 1
    assert first_character(("x", "y")) == 0


def test_a_sketch_of_a_text_marks_what_was_not_foreseen() -> None:
    task = make_task("characters", ALPHABET)
    true = np.array([2, 3, 4, 1])
    good = {"next": true.astype(np.float32), "nats": np.full(4, 0.1, np.float32)}
    poor = {"next": np.array([2.0, 3, 4, 2], np.float32), "nats": np.full(4, 2.0, np.float32)}
    first, second = (task.sketch(np.array([0, 2, 3, 4]), answer, {"tokens": true}) for answer in (good, poor))
    assert first.caption == "100 % foreseen"
    assert second.caption == "75 % foreseen"
    assert second.score < first.score
    assert not np.array_equal(first.image, second.image)


def test_networks_that_do_not_write_are_refused() -> None:
    task = make_task("characters", ALPHABET)
    task.check({"input": (9,)}, {"output": (9, 5)}, (9,))
    with pytest.raises(BadInput, match="needs 9×5"):
        task.check({"input": (9,)}, {"output": (5,)}, (9,))
    with pytest.raises(BadInput, match="needs a text"):
        task.check({"input": (9, 1)}, {"output": (9, 5)}, (9, 1))


# -- telling apart


def test_sequences_are_told_apart_like_pictures_and_drawn_as_lines() -> None:
    task = make_task("sequence", ("sine", "saw"))
    task.check({"input": (20, 1)}, {"output": (2,)}, (20, 1))
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    batch = Batch((torch.zeros(3, 20, 1),), {"label": torch.tensor([0, 1, 1])})
    (loss,) = task.losses({"output": logits}, batch).values()
    assert loss.item() == pytest.approx(F.cross_entropy(logits, batch.targets["label"]).item())
    meter = task.meter()
    meter.add(task.decode({"output": logits}, batch), batch)
    assert meter.result()["accuracy"] == pytest.approx(2 / 3, abs=1e-6)
    wave = np.sin(np.arange(20.0))[:, None]
    sketch = task.sketch(wave, {"predicted": np.array(0), "confidence": np.array(0.9)}, {"label": np.array(1)})
    assert sketch.image.shape == (240, 480, 3)
    assert sketch.mark == "wrong"
    report = task.report(meter, [sketch])
    assert report.matrix is not None
    assert report.matrix.counts.tolist() == [[1, 0], [1, 1]]
