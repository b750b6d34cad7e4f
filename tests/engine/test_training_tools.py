"""The learning-rate finder and the speed chooser: short trainings that leave nothing behind."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import JobCancelled, JobFailed
from engine.events import Event, Progress
from engine.project.spec import ProjectSpec
from engine.training.rate_finder import HIGHEST, LOWEST, FindRateJob, curve_of
from engine.training.speed import ChooseSpeedJob, Way
from tests.helpers.small_project import small_project


@pytest.fixture(scope="module")
def project() -> ProjectSpec:
    return small_project()


def test_the_rates_rise_evenly_and_the_loss_falls_and_rises(project: ProjectSpec, tmp_path: Path) -> None:
    told: list[Event] = []
    curve = FindRateJob(project, tmp_path)(told.append, CancelSource().token)
    steps = np.diff(np.log(curve.rates))
    assert curve.rates[0] == pytest.approx(LOWEST)
    np.testing.assert_allclose(steps, math.log(HIGHEST / LOWEST) / 99, rtol=1e-6)
    assert min(curve.smoothed) < 0.9 * curve.smoothed[0]
    assert 1e-5 < curve.suggested < 0.5
    assert any(isinstance(event, Progress) and event.total == 100 for event in told)
    assert not list(tmp_path.iterdir())


def test_a_valley_is_read_where_it_falls_fastest() -> None:
    rates = [10.0**k for k in np.linspace(-6, 1, 100)]
    losses = [2.3 - 2 / (1 + math.exp(-8 * (math.log10(rate) + 2.5))) + max(0, math.log10(rate)) * 8 for rate in rates]
    curve = curve_of(rates, losses)
    # The logistic curve is steepest at 10^−2.5, and the moving average lags by about ten steps, a factor of five.
    assert 10**-2.6 < curve.steepest < 10**-1.4
    assert curve.suggested <= curve.steepest


def test_nothing_finite_is_told() -> None:
    with pytest.raises(JobFailed, match="not a number from the beginning"):
        curve_of([1e-6], [1.0])


def test_cancelling_ends_it(project: ProjectSpec, tmp_path: Path) -> None:
    source = CancelSource()

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.total == 100:
            source.cancel()

    with pytest.raises(JobCancelled):
        FindRateJob(project, tmp_path)(stop, source.token)


def test_ways_are_timed_and_held_to_the_plain_losses(
    project: ProjectSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.training.speed as speed

    shaken = Way("other steps", (("optimiser", Choice(id="sgd", options={"learning_rate": 20.0})),))
    ways = [Way("plain", ()), Way("channels last", (("channels_last", True),)), shaken]
    ways.append(Way("impossible", (("optimiser", Choice(id="none such")),)))
    monkeypatch.setattr(speed, "candidates", lambda found: ways)
    report = ChooseSpeedJob(project, tmp_path, seconds=0.2)(lambda event: None, CancelSource().token)
    plain, lines, other, impossible = report.ways
    assert plain.drift == 0
    assert plain.usable
    assert lines.usable
    assert lines.drift < 1e-3
    assert other.problem == "It changes the loss curve."
    assert "none such" in impossible.problem
    assert report.best in (plain, lines)


def test_channels_last_is_the_same_training(project: ProjectSpec, tmp_path: Path) -> None:
    from engine.training.tuning import batches, trial

    with trial(project, tmp_path, lambda event: None, CancelSource().token) as found:
        losses = []
        for lines in (False, True):
            trainer = found.trainer(project.training.model_copy(update={"channels_last": lines}))
            losses.append([trainer.try_step(batch, 0.01) for batch in batches(trainer, 5)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
