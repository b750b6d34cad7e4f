"""The learning-rate finder and the speed chooser: short trainings that leave nothing behind."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cancel import CancelSource
from engine.datasets.spec import Choice
from engine.errors import JobCancelled, JobFailed
from engine.events import Event, Notice, Progress
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.training.rate_finder import HIGHEST, LOWEST, FindRateJob, curve_of
from engine.training.speed import ChooseSpeedJob, Way
from tests.helpers.small_project import SMALL, small_project

LINES = (("channels_last", True),)


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


def test_without_a_compiler_one_line_says_so_and_the_training_goes_on(
    project: ProjectSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.training.speed as speed
    from engine.training.job import TrainJob

    monkeypatch.setenv("PATH", str(tmp_path))
    plain = speed.candidates
    monkeypatch.setattr(
        speed, "candidates", lambda found: [way for way in plain(found) if not way.settings or way.problem]
    )
    report = ChooseSpeedJob(project, tmp_path, seconds=0.1)(lambda event: None, CancelSource().token)
    assert [way.problem for way in report.ways] == ["", "There is no C++ compiler on this machine, such as g++."]
    told: list[Event] = []
    compiled = project.with_(training=project.training.model_copy(update={"compile": True}))
    TrainJob(compiled, tmp_path, tmp_path / "run")(told.append, CancelSource().token)
    assert [event.what for event in told if isinstance(event, Notice) and event.kind == "compile"] == [
        "There is no C++ compiler on this machine, such as g++. So the network is computed as it is, not compiled."
    ]


def test_pictures_from_disk_are_tried_with_other_numbers_of_readers(
    project: ProjectSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.datasets.crew as crew
    import engine.training.speed as speed

    used: list[int] = []
    read = crew.Crew.read
    monkeypatch.setattr(crew.Crew, "read", lambda self, groups: used.append(self.workers) or read(self, groups))
    monkeypatch.setattr(crew, "usual_workers", lambda: 2)
    monkeypatch.setattr(speed, "candidates", lambda found: [Way("plain", ())])
    larger = project.data.preprocess.model_copy(update={"height": 64, "width": 64})
    data = project.data.model_copy(update={"memory_limit_mb": 1, "preprocess": larger})
    training = project.training.model_copy(update={"batch_size": 32})
    network = NetworkSpec(
        "Large", (replace(SMALL.nodes[0], params={"shape": [1, 64, 64]}), *SMALL.nodes[1:]), SMALL.edges
    )
    streamed = replace(project, data=data, training=training, network=network)
    report = ChooseSpeedJob(streamed, tmp_path, seconds=0.1)(lambda event: None, CancelSource().token)
    assert [(way.name, way.settings) for way in report.ways] == [("plain", ()), ("1 reader", (("readers", 1),))]
    assert all(way.usable and way.drift == 0 for way in report.ways)
    assert [count for count, before in zip(used, [0, *used], strict=False) if count != before] == [2, 1]


def test_a_way_is_taken_only_where_it_is_notably_faster(
    project: ProjectSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import engine.training.speed as speed

    speeds = {"plain": 100.0, "channels last": 102.0}
    monkeypatch.setattr(speed, "candidates", lambda found: [Way("plain", ()), Way("channels last", LINES)])
    monkeypatch.setattr(speed._Timed, "rate", lambda self, seconds: speeds[self.way.name])
    for fastest in ("plain", "channels last"):
        report = ChooseSpeedJob(project, tmp_path, seconds=0.1)(lambda event: None, CancelSource().token)
        assert report.best.name == fastest
        speeds["channels last"] = 104.0
    assert [way.rate for way in report.ways] == [100.0, 104.0]


def test_the_speed_chooser_is_cancelled_within_a_step(
    project: ProjectSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.training.trainer import Trainer

    source, steps = CancelSource(), []
    plain = Trainer.try_step

    def step(trainer: Trainer, *arguments: Any) -> float:
        steps.append(1)
        if len(steps) == 5:
            source.cancel()
        return plain(trainer, *arguments)

    monkeypatch.setattr(Trainer, "try_step", step)
    with pytest.raises(JobCancelled):
        ChooseSpeedJob(project, tmp_path)(lambda event: None, source.token)
    assert len(steps) == 5
